"""linkcheck against little peers on loopback that answer, stay silent and hang up."""

import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import harness.probe
from harness.clock import now

SCRIPT = Path(harness.probe.__file__).parent / "linkcheck.py"
# Connection.Start: method frame on channel 0, payload size 6, class 10, method 10
AMQP_START = b"\x01\0\0\0\0\0\x06\0\x0a\0\x0a\0\x09\xce"


# What the peers were asked.
asked: list[bytes] = []


def check(*arguments: str) -> dict[str, Any]:
    """Run the script as it is run in a container; return its links."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    found: dict[str, Any] = json.loads(ended.stdout)
    assert 0 < found["time"] < now()
    links: dict[str, Any] = found["links"]
    return links


@contextmanager
def peer(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept connections on a free port and serve each one."""
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]

    def serve_one(link: socket.socket) -> None:
        with link, suppress(ConnectionError):  # linkcheck closes by reset
            serve(link)

    def accept() -> None:
        with suppress(OSError):  # the listener was closed: the test is over
            while True:
                link, _ = listener.accept()
                threading.Thread(target=serve_one, args=(link,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield port
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def saying(*parts: bytes) -> Callable[[socket.socket], None]:
    """Wait for a request, answer it in parts, and keep the connection open."""

    def serve(link: socket.socket) -> None:
        asked.append(link.recv(4096))
        for part in parts:
            link.sendall(part)
        link.recv(1)

    return serve


def hang_up(link: socket.socket) -> None:
    """Close without a word once the request is there."""
    link.recv(4096)
    link.close()


def reset(link: socket.socket) -> None:
    """Reset the connection once the request is there."""
    link.recv(4096)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.close()


@pytest.mark.parametrize(
    ("scheme", "request_", "parts"),
    [
        ("amqp", b"AMQP\0\0\x09\x01", (AMQP_START[:5], AMQP_START[5:])),
        ("postgres", b"\0\0\0\x08\x04\xd2\x16\x2f", (b"N",)),
        ("postgres", b"\0\0\0\x08\x04\xd2\x16\x2f", (b"S",)),
        ("redis", b"PING\r\n", (b"+PO", b"NG\r\n")),
        ("redis", b"PING\r\n", (b"-NOAUTH Authentication required.\r\n",)),
        ("http", b"GET /health/ HTTP/1.1\r\n", (b"HTTP/1.1 503 No\r\n\r\n",)),
    ],
    ids=["amqp", "postgres", "postgres with TLS", "redis", "redis locked", "http"],
)
def test_a_served_link(scheme: str, request_: bytes, parts: tuple[bytes, ...]) -> None:
    """An answer in the link's own protocol is "served", in one part or several."""
    asked.clear()
    with peer(saying(*parts)) as port:
        link = check(f"a={scheme}://127.0.0.1:{port}")["a"]
    assert (link["observed"], link["sockets"]) == ("served", {})
    assert 0 < link["seconds"] < 1
    assert asked[0].startswith(request_)


@pytest.mark.parametrize(
    ("serve", "observed"),
    [
        (hang_up, "closed"),
        (reset, "reset"),
        (saying(), "silent"),
        (saying(b"\x01\0"), "silent"),
        (saying(b"220 smtp ready\r\n"), "garbled"),
    ],
    ids=["hang up", "reset", "no answer", "half an answer", "another protocol"],
)
def test_a_link_in_trouble(
    serve: Callable[[socket.socket], None], observed: str
) -> None:
    """A connection that stands proves nothing: what counts is what comes back."""
    with peer(serve) as port:
        link = check("--timeout", "0.3", f"a=amqp://127.0.0.1:{port}")["a"]
    assert link["observed"] == observed
    assert link["seconds"] < 1


def test_a_refused_link() -> None:
    """Where nobody listens it says refused."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert check(f"a=redis://127.0.0.1:{port}")["a"]["observed"] == "refused"


def test_an_unknown_name() -> None:
    """A name that is not known is unreachable."""
    link = check("a=redis://no-such-host.invalid:1")["a"]
    assert link["observed"] in ("unreachable", "silent")  # as quick as the resolver


def test_links_are_checked_at_once() -> None:
    """Many silent links take one time-out, not the sum; each has its own answer."""
    with peer(saying()) as silent, peer(saying(b"N")) as served:
        begun = now()
        links = check(
            "--timeout",
            "0.5",
            *(f"s{n}=redis://127.0.0.1:{silent}" for n in range(10)),
            f"db=postgres://app:secret@127.0.0.1:{served}/jobs",
        )
        assert now() - begun < 2.5
    assert {links[f"s{n}"]["observed"] for n in range(10)} == {"silent"}
    assert links["db"]["observed"] == "served"


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")],
)
def test_sockets_of_the_app_are_counted(
    family: socket.AddressFamily, address: str
) -> None:
    """Sockets that go to the peer are counted by state, whatever their family."""
    with peer(saying(b"+PONG\r\n")) as port, ExitStack() as held:
        for _ in range(2):
            held.enter_context(socket.socket(family)).connect((address, port))
        link = check(f"a=redis://localhost:{port}")["a"]
    assert link["sockets"] == {"ESTABLISHED": 2}


def test_a_connection_is_known_by_its_local_port() -> None:
    """So that the next check can tell whether the very same one still stands."""
    with peer(saying(b"+PONG\r\n")) as port, ExitStack() as held:
        app = held.enter_context(socket.create_connection(("127.0.0.1", port)))
        link = check(f"a=redis://127.0.0.1:{port}")["a"]
        assert link["ports"] == [app.getsockname()[1]]


def echo(link: socket.socket) -> None:
    """Answer a redis ECHO once it is there to its end."""
    said = b""
    while not said.endswith(b"x\r\n"):
        said += link.recv(4096)
    link.sendall(b"$300\r\n" + b"x" * 200)
    link.sendall(b"x" * 100 + b"\r\n")
    link.recv(1)


def cut_off(link: socket.socket) -> None:
    """Begin the answer to an ECHO, and close in its middle."""
    link.recv(4096)
    link.sendall(b"$300\r\n" + b"x" * 200)
    link.shutdown(socket.SHUT_WR)
    link.recv(1)


CLOSE = b"\x01\0\0\0\0\0\x06\0\x0a\0\x32\0\x09\xce"
VERSIONS = b"v\0\0\0\x10\0\0\0\0\0\0\0\x01_pq\0"


@pytest.mark.parametrize(
    ("scheme", "serve", "observed"),
    [
        ("redis", echo, "served"),
        ("redis", cut_off, "closed"),
        ("redis", saying(b"$300\r\nxxx"), "silent"),
        ("amqp", saying(AMQP_START, CLOSE[:9], CLOSE[9:]), "served"),
        ("amqp", saying(AMQP_START + CLOSE[:9]), "silent"),
        ("postgres", saying(VERSIONS[:9], VERSIONS[9:] + b"R"), "served"),
        ("postgres", saying(VERSIONS[:9]), "silent"),
        ("postgres", saying(b"E no such thing"), "garbled"),
    ],
)
def test_a_long_answer_is_read_to_its_end(
    scheme: str, serve: Callable[[socket.socket], None], observed: str
) -> None:
    """With a size, what is cut off in its middle is no answer."""
    with peer(serve) as port:
        link = check(
            *("--timeout", "0.5", "--size", "300"), f"a={scheme}://127.0.0.1:{port}"
        )["a"]
    assert link["observed"] == observed
    assert link["sent"] >= 300


def test_the_fastest_of_several_tries_counts() -> None:
    """A busy moment is not a slow link."""
    slow = iter([True, False, True])

    def serve(link: socket.socket) -> None:
        link.recv(4096)
        threading.Event().wait(0.3 if next(slow) else 0)
        link.sendall(b"+PONG\r\n")
        link.recv(1)

    with peer(serve) as port:
        link = check("--tries", "3", f"a=redis://127.0.0.1:{port}")["a"]
    assert link["observed"] == "served"
    assert link["seconds"] < 0.25


def test_its_own_sockets_leave_no_trace() -> None:
    """A second check does not find what the first one did."""
    with peer(saying(b"+PONG\r\n")) as port:
        for _ in range(2):
            assert check(f"a=redis://127.0.0.1:{port}")["a"]["sockets"] == {}


@pytest.mark.parametrize(
    "bad", ["redis://h:1", "a=h:1", "a=smtp://h:1", "a=redis://h:port", "a=redis://"]
)
def test_an_argument_that_makes_no_sense(bad: str) -> None:
    """The script says which argument is wrong, and exits with 2."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), bad],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("linkcheck: ")
