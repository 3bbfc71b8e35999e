"""The sidecar: tools that run for a moment in a container's network, or on its disk.

It exists so that packets can be broken for one role and nobody else: never by rules of
this machine, always inside the network namespace of one of our containers, so that
whatever is done there dies with that container. `harness setup` makes the image from
the app's base image with Debian's packages; where that, the engine or the kernel cannot
do something, `needs.py` says why, and what needs it is not run.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import docker
import docker.errors

from harness.errors import FaultNotHealed, FaultNotInjected, StackNotReady
from harness.stack import build, session
from harness.stack.progress import Tell

_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
USER root
RUN apt-get update \\
    && apt-get install -y --no-install-recommends iproute2 iptables libfaketime \\
    && rm -rf /var/lib/apt/lists/*
"""
# By what it is made from: another checkout, which makes it otherwise, has its own.
IMAGE = f"{build.OURS}nettools:{sha256(_DOCKERFILE.encode()).hexdigest()[:12]}"
# Debian's iptables speaks to the kernel by nftables; an older kernel may lack these.
_CHOOSE_IPTABLES = """
for rules in "iptables -w" "iptables-legacy -w"; do
    $rules -S > /dev/null 2>&1 && break
done
"""
# What shows that packets can be dropped, and connections cut, in a network of its own.
TRY_TO_DROP = f"""
    {_CHOOSE_IPTABLES}
    $rules -N trial
    $rules -A trial -p tcp --dport 1 -m statistic --mode nth --every 2 \
        --packet 0 -j DROP
    $rules -I OUTPUT -j trial
"""
TRY_TO_CUT = """
cat > /tmp/trial.py << END
import socket, subprocess
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port), 2)
subprocess.run(["ss", "-tK", "dport", "=", f":{port}"], check=True)
try:
    client.recv(1)
except ConnectionError:
    raise SystemExit(0)
except TimeoutError:
    raise SystemExit("the kernel does not let ss -K close a connection")
END
python3 /tmp/trial.py
"""


def prepare(engine: docker.DockerClient, base_image: str, tell: Tell) -> None:
    """Have the image; where it cannot be made, say so, and do without."""
    try:
        build.build_text(engine, IMAGE, _DOCKERFILE, base_image)
    except StackNotReady as error:
        tell(f"{IMAGE}: many faults are not possible here: {error}")


def is_missing(engine: docker.DockerClient) -> str | None:
    """Say why there is no sidecar here; None if there is one."""
    if build.label_of(engine, IMAGE) is None:
        return f"there is no image {IMAGE}; `harness setup` says why"
    return None


def drop(container: Any, chain: str, *, port: int, how: Sequence[str] = ()) -> None:
    """Drop what a container sends to a port and gets from it, in a chain of ours.

    `how` are further conditions of iptables. Raises FaultNotInjected.
    """
    words = " ".join(how)
    _run_beside(
        container,
        f"""
        {_CHOOSE_IPTABLES}
        $rules -N {chain}
        $rules -A {chain} -p tcp --dport {port} {words} -j DROP
        $rules -A {chain} -p tcp --sport {port} {words} -j DROP
        $rules -I INPUT -j {chain}
        $rules -I OUTPUT -j {chain}
        """,
    )


def remove_rules(
    engine: docker.DockerClient, container_id: str, chains: Iterable[str]
) -> None:
    """Remove chains of ours from a container's network; ones that are gone are fine.

    Raises FaultNotHealed.
    """
    try:
        container = engine.containers.get(container_id)
    except docker.errors.NotFound:
        return
    if container.status != "running":
        return  # its network namespace went with it
    script = f"""
        {_CHOOSE_IPTABLES}
        for chain in {" ".join(chains)}; do
            for hook in INPUT OUTPUT; do
                $rules -D $hook -j $chain 2> /dev/null || true
            done
            $rules -F $chain 2> /dev/null || true
            $rules -X $chain 2> /dev/null || true
            if $rules -S $chain 2> /dev/null; then exit 1; fi
        done
        """
    try:
        _run_beside(container, script)
    except FaultNotInjected as error:
        raise FaultNotHealed(f"{container.name}: rules are left: {error}") from error


def cut(container: Any, *, to: Sequence[int] = (), of: Sequence[int] = ()) -> None:
    """Close a container's connections to these ports, or of its own ones, for good.

    Whoever is at the other end is told by a RST (`faults.md` P5). Raises
    FaultNotInjected.
    """
    sides = [*(f"dport = :{port}" for port in to), *(f"sport = :{port}" for port in of)]
    _run_beside(container, f"ss -tK '( {' or '.join(sides)} )'")


def _run_beside(container: Any, script: str) -> None:
    labels = session.session_of(container).labels()
    run(
        container.client,
        script,
        cap_add=["NET_ADMIN"],
        network_mode=f"container:{container.id}",
        labels=labels,
    )


def run(engine: docker.DockerClient, script: str, **options: Any) -> bytes:
    """Run a shell script in a sidecar of its own; return what it said.

    It is removed on every way out, and labelled, should even that be cut short. Raises
    FaultNotInjected.
    """
    options = {"labels": session.of_trials().labels()} | options
    try:
        container = engine.containers.create(IMAGE, ["sh", "-ec", script], **options)
        try:
            container.start()
            code = container.wait()["StatusCode"]
            said: bytes = container.logs(stdout=not code, stderr=bool(code))
        finally:
            container.remove(force=True, v=True)
    except docker.errors.APIError as error:
        raise FaultNotInjected(str(error.explanation or error)) from error
    if code:
        raise FaultNotInjected(
            f"the sidecar's tools failed with exit code {code}: {said.decode().strip()}"
        )
    return said
