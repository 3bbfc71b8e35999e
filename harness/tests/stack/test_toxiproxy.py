"""Our hold on Toxiproxy: what it refuses by itself, and what a real one does."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from harness.clock import now, wait_until
from harness.errors import FaultNotHealed, HarnessError
from harness.stack import session, toxiproxy
from harness.stack.open_faults import OpenFault, on_record, read
from harness.stack.toxiproxy import Proxy, ProxyState, Toxiproxy, ToxiproxyError
from harness.stack.undoing import HealProxies
from harness.tests.workload.stub import Answer, http, serving

NAME = "outbox.worker rabbit?%"
PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("type_", "attributes", "says"),
    [
        ("delay", {}, "choose from latency"),
        ("latency", {}, "it needs latency"),
        ("latency", {"latency": -1}, "latency is -1"),
        ("latency", {"latency": 1.5}, "latency is 1.5"),
        ("latency", {"latency": 1, "jitters": 1}, "no attribute 'jitters'"),
        ("slicer", {"delay": 10}, "it needs average_size, size_variation"),
        ("slicer", {"average_size": 0, "size_variation": 0}, "average_size is 0"),
        ("slicer", {"average_size": 8, "size_variation": 8}, "must be below"),
        ("timeout", {"timeout": -5}, "timeout is -5"),
        ("bandwidth", {"rate": 2**40}, "rate is"),
    ],
)
def test_a_toxic_that_the_server_would_misuse(
    type_: str, attributes: dict[str, Any], says: str
) -> None:
    """What Toxiproxy takes without a word, and even crashes on, is refused here."""
    nowhere = Toxiproxy("http://127.0.0.1:9")
    with pytest.raises(ToxiproxyError, match=says):
        nowhere.add_toxic("p", type_, "upstream", attributes)


def test_a_stream_that_is_none() -> None:
    """A direction other than the two is refused."""
    nowhere = Toxiproxy("http://127.0.0.1:9")
    with pytest.raises(ToxiproxyError, match="'both' is neither"):
        nowhere.add_toxic("p", "timeout", "both", {"timeout": 0})  # type: ignore[arg-type]


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none(port: int) -> None:
    """A port out of range is refused; 0 would be chosen anew at every enable."""
    with pytest.raises(ToxiproxyError, match="is no port"):
        Toxiproxy("http://127.0.0.1:9").create(
            Proxy(name="p", port=port, upstream="a:1")
        )


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 503])
def test_a_bad_status(status: int) -> None:
    """Any bad status is a HarnessError that says what was asked and answered."""
    with serving(lambda *_: Answer(text=http(status, b"broken"))) as server:
        asked = rf"{server.base_url}, POST /proxies/p: .*(broken|{status}|no such)"
        with pytest.raises(HarnessError, match=asked):
            Toxiproxy(server.base_url).disable("p")


def test_a_server_that_is_gone() -> None:
    """A refused connection is a HarnessError, and the server is not ready."""
    with pytest.raises(ToxiproxyError, match=r"http://127\.0\.0\.1:9"):
        Toxiproxy("http://127.0.0.1:9").all()
    assert not Toxiproxy("http://127.0.0.1:9").is_ready()


def test_a_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No call waits for longer than the time-out."""
    monkeypatch.setattr(toxiproxy, "TIMEOUT_SECONDS", 0.2)
    begun = now()
    with (
        serving(lambda *_: Answer(after_seconds=60)) as server,
        pytest.raises(ToxiproxyError, match=r"no answer in 0\.2 s"),
    ):
        Toxiproxy(server.base_url).state("p")
    assert now() - begun < 3


def test_the_environment_hijacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls go to the server itself, whatever HTTP_PROXY says."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(lambda *_: Answer(text=http(200, {"version": "2.12.0"}))) as server:
        assert Toxiproxy(server.base_url).version() == "2.12.0"


def test_two_servers_in_one_process() -> None:
    """Each value talks to its own server, also after another was used."""
    with (
        serving(lambda *_: Answer(text=http(200, {"version": "one"}))) as first,
        serving(lambda *_: Answer(text=http(200, {"version": "two"}))) as second,
    ):
        one, two = Toxiproxy(first.base_url), Toxiproxy(second.base_url)
        assert [each.version() for each in (one, two, one)] == ["one", "two", "one"]


def test_names_are_quoted() -> None:
    """A name with characters of its own stays one part of the path."""
    with serving(lambda *_: Answer(text=http(204, b""))) as server:
        Toxiproxy(server.base_url).delete(NAME)
    assert server.requests[0][1] == "/proxies/outbox.worker%20rabbit%3F%25"


# --- a real one -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A Toxiproxy in a container, one proxy on it, and a server behind that."""

    toxiproxy: Toxiproxy
    port: int
    upstream: str

    @property
    def proxy(self) -> Proxy:
        """Return the proxy as it is meant to be."""
        return Proxy(name=NAME, port=20001, upstream=self.upstream)

    def connect(self, within_seconds: float = 2) -> socket.socket:
        """Connect through the proxy."""
        return socket.create_connection(("127.0.0.1", self.port), within_seconds)

    def echoes(self) -> bool:
        """Say whether a line comes back through the proxy."""
        with suppress(OSError), self.connect() as link:
            link.sendall(b"x")
            return link.recv(1) == b"x"
        return False


def image() -> str:
    """Return the name of Toxiproxy's image, from the environment or `.env`."""
    if named := os.environ.get("TOXIPROXY_IMAGE"):
        return named
    env = PROJECT / ".env"
    for line in env.read_text().splitlines() if env.exists() else ():
        name, _, value = line.partition("=")
        if name == "TOXIPROXY_IMAGE":
            return value
    pytest.fail("TOXIPROXY_IMAGE is not known: run `harness setup` first.")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A bench that this process has in use."""
    own = session.new_session(keep=False, fingerprint="test")
    claimed = session.claim(own)
    assert claimed is not None
    with a_bench(own) as made:
        yield made
    os.close(claimed)


@contextmanager
def a_bench(own: session.Session) -> Iterator[Bench]:
    """Start Toxiproxy, and an echo server on the engine's bridge for it to reach."""
    engine: Any = docker.from_env()
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, own.folder)
        container = engine.containers.run(
            image(),
            detach=True,
            labels=own.labels(),
            ports={f"{port}/tcp": ("127.0.0.1", None) for port in (8474, 20001)},
        )
        undo.callback(container.remove, force=True, v=True)
        container.reload()
        gateway = container.attrs["NetworkSettings"]["Gateway"]
        listener = undo.enter_context(socket.create_server((gateway, 0)))
        threading.Thread(target=echo_for_ever, args=(listener,), daemon=True).start()
        upstream = f"{gateway}:{listener.getsockname()[1]}"
        control = Toxiproxy(f"http://127.0.0.1:{host_port(container, 8474)}")
        assert wait_until(control.is_ready, within_seconds=10)
        control.create(Proxy(name=NAME, port=20001, upstream=upstream))
        yield Bench(
            toxiproxy=control, port=host_port(container, 20001), upstream=upstream
        )


def host_port(container: Any, port: int) -> int:
    """Return the loopback port that the engine gave to a container's port."""
    return int(container.ports[f"{port}/tcp"][0]["HostPort"])


def echo_for_ever(listener: socket.socket) -> None:
    """Echo what clients send; to one that sends "flood", send without end."""

    def serve(link: socket.socket) -> None:
        with link, suppress(OSError):
            while said := link.recv(4096):
                link.sendall(said)
                while said.startswith(b"flood"):
                    link.sendall(bytes(65536))

    with suppress(OSError):
        while True:
            link, _ = listener.accept()
            threading.Thread(target=serve, args=(link,), daemon=True).start()


@pytest.mark.engine
def test_disabling_refuses_and_drops(bench: Bench) -> None:
    """A disabled proxy ends what stands and accepts nothing; enabling undoes it."""
    assert bench.echoes()
    with bench.connect() as standing:
        standing.sendall(b"x")
        assert standing.recv(1) == b"x"
        bench.toxiproxy.disable(NAME)
        assert standing.recv(1) == b""
    assert not bench.echoes()
    assert not bench.toxiproxy.state(NAME).enabled
    bench.toxiproxy.enable(NAME)
    assert bench.echoes()


@pytest.mark.engine
@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_silence_and_its_end(bench: Bench, stream: toxiproxy.Stream) -> None:
    """A time-out of 0 swallows one direction until the proxy is healed."""
    name = bench.toxiproxy.add_toxic(NAME, "timeout", stream, {"timeout": 0})
    assert bench.toxiproxy.state(NAME).toxics == (name,)
    with bench.connect(within_seconds=0.3) as link:
        link.sendall(b"x")
        with pytest.raises(TimeoutError):
            link.recv(1)
    assert bench.toxiproxy.heal(bench.proxy) == "soft"
    assert bench.echoes()


@pytest.mark.engine
def test_healing_is_repeatable_and_mends_everything(bench: Bench) -> None:
    """Healing ends disabled, and several toxics; on a healthy proxy it is harmless."""
    bench.toxiproxy.add_toxic(NAME, "latency", "downstream", {"latency": 5000})
    bench.toxiproxy.add_toxic(NAME, "bandwidth", "upstream", {"rate": 0})
    bench.toxiproxy.disable(NAME)
    for _ in range(2):
        assert bench.toxiproxy.heal(bench.proxy) == "soft"
        assert bench.toxiproxy.all() == {
            NAME: ProxyState(
                name=NAME,
                listen="[::]:20001",
                upstream=bench.upstream,
                enabled=True,
                toxics=(),
            )
        }
    assert bench.echoes()


@pytest.mark.engine
def test_a_server_whose_proxies_are_well_is_not_started_anew(bench: Bench) -> None:
    """All lanes use it: what one of them still feels comes of something else."""
    bench.toxiproxy.heal(bench.proxy)
    fault = HealProxies(
        container="not even looked for",
        toxiproxy_url=bench.toxiproxy.url,
        proxies=(bench.proxy,),
    )
    engine = docker.from_env()
    with pytest.raises(FaultNotHealed, match="it is not they"):
        fault.hard(engine)
    bench.toxiproxy.disable(NAME)
    with pytest.raises(FaultNotHealed, match="could not be restarted"):
        fault.hard(engine)
    bench.toxiproxy.enable(NAME)


@pytest.mark.engine
def test_refusals_of_the_server_are_shown(bench: Bench) -> None:
    """Its own words are in the error: a name taken, an unknown proxy."""
    with pytest.raises(ToxiproxyError, match="already exists"):
        bench.toxiproxy.create(Proxy(name=NAME, port=20002, upstream="a:1"))
    with pytest.raises(ToxiproxyError, match="address already in use"):
        bench.toxiproxy.create(Proxy(name="other", port=20001, upstream="a:1"))
    with pytest.raises(ToxiproxyError, match="no such proxy"):
        bench.toxiproxy.state("other")
    bench.toxiproxy.delete("other")


def not_reading(bench: Bench) -> socket.socket:
    """Connect a client that asks for a flood and never reads it."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect(("127.0.0.1", bench.port))
    link.sendall(b"flood")
    wait_until(lambda: False, within_seconds=1)  # until all buffers are full
    return link


@pytest.mark.engine
def test_healing_in_the_safe_order_cannot_hang(bench: Bench) -> None:
    """A latency is taken off quickly though a client of the proxy does not read."""
    bench.toxiproxy.add_toxic(NAME, "latency", "downstream", {"latency": 100})
    with not_reading(bench):
        begun = now()
        assert bench.toxiproxy.heal(bench.proxy) == "soft"
        assert now() - begun < 2
    assert bench.echoes()


@contextmanager
def stuck(bench: Bench) -> Iterator[None]:
    """Wedge the proxy by an unsafe delete, behind a client that does not read."""
    toxic = bench.toxiproxy.add_toxic(NAME, "latency", "downstream", {"latency": 100})
    with not_reading(bench):
        url = f"{bench.toxiproxy.url}/proxies/outbox.worker%20rabbit%3F%25/toxics/"
        with pytest.raises(requests.Timeout):
            requests.delete(url + toxic, timeout=1)
        yield


@pytest.mark.engine
def test_a_stuck_proxy_is_made_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an unsafe delete has wedged the proxy, healing makes it anew."""
    monkeypatch.setattr(toxiproxy, "TIMEOUT_SECONDS", 1.0)
    with stuck(bench):
        assert bench.toxiproxy.heal(bench.proxy) == "recreated"
    assert bench.echoes()
    assert bench.toxiproxy.state(NAME).toxics == ()


@pytest.mark.engine
def test_a_fresh_process_makes_a_stuck_proxy_again() -> None:
    """`harness recover` knows from the record alone how the proxy is meant to be."""
    own = session.new_session(keep=True, fingerprint="test")
    with a_bench(own) as bench:
        undo = HealProxies(
            container="", toxiproxy_url=bench.toxiproxy.url, proxies=(bench.proxy,)
        )
        left = OpenFault(name="latency", lane="outbox", undo=undo)
        with stuck(bench):
            with suppress(RuntimeError), on_record(own.folder, left):
                raise RuntimeError  # the harness dies with the fault on
            recover = subprocess.run(
                [sys.executable, "-m", "harness", "recover"],
                cwd=PROJECT,
                capture_output=True,
                text=True,
                check=True,
            )
        assert f"{own.id}: kept stack, healed" in recover.stdout, recover
        assert read(own.folder) == []
        assert bench.echoes()
        assert bench.toxiproxy.is_well(bench.proxy)


@pytest.mark.engine
def test_releasing_behind_who_does_not_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A latency that cannot go while a client does not read goes with its proxy."""
    monkeypatch.setattr(toxiproxy, "TIMEOUT_SECONDS", 1.0)
    bench.toxiproxy.add_toxic(NAME, "latency", "downstream", {"latency": 100})
    with not_reading(bench):
        assert bench.toxiproxy.release(bench.proxy) == "recreated"
    assert bench.echoes()


@pytest.mark.engine
@pytest.mark.parametrize(
    ("type_", "attributes"),
    [("bandwidth", {"rate": 0}), ("latency", {"latency": 9000})],
)
def test_held_bytes_are_delivered_and_the_connection_lives(
    bench: Bench, type_: str, attributes: dict[str, int]
) -> None:
    """After a freeze, what was said in it arrives, on the connection of before.

    So it does after a latency, at once.
    """
    with bench.connect() as standing:
        standing.sendall(b"x")
        assert standing.recv(1) == b"x"
        for stream in ("upstream", "downstream"):
            bench.toxiproxy.add_toxic(NAME, type_, stream, attributes)
        standing.sendall(b"late")
        standing.settimeout(0.3)
        with pytest.raises(TimeoutError):
            standing.recv(4)
        assert bench.toxiproxy.release(bench.proxy) == "soft"
        standing.settimeout(2)
        assert standing.recv(4) == b"late"


@pytest.mark.engine
def test_a_proxy_that_leads_nowhere_accepts_and_closes(bench: Bench) -> None:
    """And healing leads it back."""
    bench.toxiproxy.redirect(NAME, "127.0.0.1:1")
    with bench.connect() as link:
        assert link.recv(1) == b""
    assert not bench.toxiproxy.is_well(bench.proxy)
    assert bench.toxiproxy.heal(bench.proxy) == "soft"
    assert bench.echoes()
