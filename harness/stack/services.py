"""Starts one service of compose.yaml as a container of the stack.

It exists so that testcontainers is driven in one place, with what it needs to be
safe here: ports on loopback only, labels on everything, no Ryuk (its image cannot
be assumed; the guard does its work), and no wait of its own, since we wait for a
protocol round trip.
"""

import contextlib
import math
import os
import random
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import CONFLICT
from pathlib import Path
from types import MappingProxyType
from typing import Any

import docker
import docker.errors
import docker.types

# Read by testcontainers when it is imported: where /.dockerenv exists it would take
# itself for a container, and Ryuk's image cannot be assumed to be pullable.
os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

import docker.errors
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from harness.clock import wall
from harness.errors import StackLost, StackNotReady
from harness.stack.compose import Service
from harness.stack.engine import FAILURES, connect
from harness.stack.session import PLACE, Session

_LOG_BYTES_AT_MOST = 2_000_000
_NETWORK_TRIES = 5
_ASK_TRIES = 5
_PORT_TRIES = 5
# Linux gives out ports from 32768 on (ip_local_port_range).
_PORTS = (20_000, 32_768)
# The engine's own number for a container of which nothing is said.
_CPU_SHARES = 1024
_NOTHING: Mapping[str, str] = MappingProxyType({})
# Docker before 28 miscounts a network's endpoints when containers start at once: the
# network then "has active endpoints" for ever and cannot be removed.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """How a container is in a network: all that it takes to plug it in again."""

    container: str
    network: str
    aliases: tuple[str, ...]
    address: str


def create_network(session: Session) -> Network:
    """Create the stack's own network, named per session.

    With a subnet that is named: in no other may a container that was unplugged have its
    address back. The engine says which one is free.
    """
    name = f"celery-proving-ground-{session.id}"
    engine = connect()
    for each_try in range(_NETWORK_TRIES):
        free = engine.networks.create(name, labels=session.labels())
        free.reload()
        (pool, *_) = free.attrs["IPAM"]["Config"]
        free.remove()
        pools = [docker.types.IPAMPool(subnet=pool["Subnet"])]
        network = Network(
            docker_network_kw={
                "labels": session.labels(),
                "ipam": docker.types.IPAMConfig(pool_configs=pools),
            }
        )
        network.name = name
        try:
            return network.create()
        except docker.errors.APIError:  # another harness took it in between
            if each_try == _NETWORK_TRIES - 1:
                raise
    raise AssertionError  # the loop returns or raises


def start(
    service: Service,
    *,
    image: str,
    session: Session,
    network: Network,
    place: str,
    alias: str,
    environment: Mapping[str, str],
    ports: Sequence[int] = (),
    volumes: Mapping[str, tuple[str, str]] | None = None,
    labels: Mapping[str, str] | None = None,
    weight: int = 1,
) -> Any:
    """Start the service at its place in the stack; return docker-py's container.

    `volumes` is host path, or name of a volume -> (path inside, mode). `weight` is how
    many others' part of the CPU it has where all want it. It does not wait for
    readiness.
    """
    container = DockerContainer(image)
    container.with_name(f"{network.name}-{place.replace('/', '-')}")
    container.with_network(network).with_network_aliases(alias)
    container.with_envs(**environment)
    if service.command is not None:
        container.with_command(service.command)
    for host_path, (inside, mode) in (volumes or {}).items():
        container.with_volume_mapping(host_path, inside, mode)
    container.with_kwargs(
        labels={**session.labels(), PLACE: place, **(labels or {})},
        init=service.init,
        restart_policy={"Name": service.restart},
        cpu_shares=weight * _CPU_SHARES,
        # The harness waits by its own round trips; a check in each of 30 containers
        # every few seconds would cost more CPU than the jobs.
        healthcheck={"test": ["NONE"]},
        **_if_set(
            entrypoint=service.entrypoint, user=service.user, hostname=service.hostname
        ),
    )
    return _start_on_free_ports(container, ports)


def _start_on_free_ports(container: DockerContainer, ports: Sequence[int]) -> Any:
    """Start it on loopback ports that nobody else takes in between."""
    for each_try in range(_PORT_TRIES):
        for port in ports:
            container.ports[f"{port}/tcp"] = ("127.0.0.1", _free_port())  # type: ignore[assignment]
        try:
            with _one_at_a_time:
                return container.start().get_wrapped_container()
        except docker.errors.APIError as error:
            if each_try == _PORT_TRIES - 1 or not _is_taken(error):
                raise StackNotReady(
                    f"a container could not be started: {error.explanation or error}"
                ) from error
            container.stop()  # it was made, and not started
    raise AssertionError  # the loop returns or raises


def _is_taken(error: docker.errors.APIError) -> bool:
    said = str(error)
    return "port is already allocated" in said or "address already in use" in said


def start_again(container: Any) -> None:
    """Start a container that has ended. Nothing happens to one that runs."""
    with _one_at_a_time:
        container.start()


def restart(container: Any) -> None:
    """Stop a container, with a second's grace, and start it again."""
    with _one_at_a_time:
        container.restart(timeout=1)


def plug_of(container: Any) -> Plug:
    """Return how a container is in the stack's network, before it is unplugged."""
    container.reload()
    ((network, settings),) = container.attrs["NetworkSettings"]["Networks"].items()
    return Plug(
        container=container.id,
        network=network,
        aliases=tuple(settings["Aliases"] or ()),
        address=settings["IPAddress"],
    )


def unplug(container: Any, plug: Plug) -> None:
    """Take a container out of its network. It runs on, alone."""
    container.client.networks.get(plug.network).disconnect(container, force=True)


def plug_in(engine: docker.DockerClient, plug: Plug) -> None:
    """Put a container back into its network. One that is there, or gone, is fine."""
    try:
        container = engine.containers.get(plug.container)
        network = engine.networks.get(plug.network)
    except docker.errors.NotFound:
        return
    if plug.network in container.attrs["NetworkSettings"]["Networks"]:
        return
    with _one_at_a_time:
        network.connect(
            container, aliases=list(plug.aliases), ipv4_address=plug.address
        )


def host_port(container: Any, port: int) -> int:
    """Return the loopback port of a container's port; a restart leaves it as it is.

    Raises StackLost when the container is gone or stopped.
    """
    container.reload()
    bindings = container.attrs["NetworkSettings"]["Ports"].get(f"{port}/tcp")
    if not bindings:
        raise StackLost(
            f"{container.name} does not serve port {port} any more: it is "
            f"{container.status}. Its last words: {last_words(container)}"
        )
    return int(bindings[0]["HostPort"])


def _free_port() -> int:
    """Return a loopback port that nobody has, and that the kernel gives nobody.

    Below the range that it takes ports from for whoever asks for any: so the port is
    still free when a container that was killed is started again.
    """
    with contextlib.closing(socket.socket()) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        while True:
            port = random.randrange(*_PORTS)
            with contextlib.suppress(OSError):
                trial.bind(("127.0.0.1", port))
                return port


def ask(
    container: Any, command: Sequence[str], *, environment: Mapping[str, str] = _NOTHING
) -> bytes:
    """Return what a command in a container prints: one that reads, and says something.

    It is asked again when it said nothing: a busy engine loses what a command printed
    (1 of 1500 on two full cores, Docker 20.10). Raises StackLost.
    """
    for _ in range(_ASK_TRIES):
        try:
            answer = container.exec_run(list(command), environment=dict(environment))
        except docker.errors.APIError as error:
            if error.status_code != CONFLICT:
                raise
            raise StackLost(f"{container.name} is not running") from error
        said: bytes = answer.output
        if answer.exit_code != 0:
            raise StackLost(
                f"{container.name} did not answer {command[0]}: "
                f"{said.decode(errors='replace')}"
            )
        if said:
            return said
    raise StackLost(f"{container.name} answered {command[0]} by nothing at all")


def touched_seconds_ago(container: Any, path: str) -> float:
    """Return how long ago a file in a container was changed; infinite where none is.

    Not by `docker exec`, which a paused container refuses.
    """
    try:
        _, facts = container.get_archive(path)
    except docker.errors.NotFound:
        return math.inf
    return wall() - datetime.fromisoformat(facts["mtime"]).timestamp()


def up_seconds(container: Any) -> float:
    """Return how long ago the container was started."""
    return wall() - _started_at(container)


def log_since_start(container: Any) -> str:
    """Return what the container has written since it was started the last time."""
    text: bytes = container.logs(since=_started_at(container))
    return text.decode(errors="replace")


def _started_at(container: Any) -> float:
    container.reload()
    started = container.attrs["State"]["StartedAt"]
    return datetime.fromisoformat(started).timestamp()


def last_words(container: Any, *, lines: int = 8) -> str:
    """Return the end of a container's log, for an error message."""
    text: bytes = container.logs(tail=lines)
    return text.decode(errors="replace").strip() or "(it wrote nothing)"


def save_log(container: Any, path: Path, *, since: float) -> None:
    """Keep the end of what the container wrote since a moment (epoch seconds).

    Where it cannot be had any more, keep why: a log is no evidence.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text: bytes
    try:
        text = container.logs(since=int(since), timestamps=True)
    except FAILURES as error:
        text = f"(its log could not be read: {error})\n".encode()
    path.write_bytes(text[-_LOG_BYTES_AT_MOST:])


def _if_set(**options: object) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
