"""Starts one service of compose.yaml as a container of the stack.

It exists so that testcontainers is driven in one place, with what it needs to be
safe here: ports on loopback only, labels on everything, no Ryuk (its image cannot
be assumed; the guard does its work), and no wait of its own, since we wait for a
protocol round trip.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Read by testcontainers when it is imported: where /.dockerenv exists it would take
# itself for a container, and Ryuk's image cannot be assumed to be pullable.
os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from harness.errors import StackLost
from harness.stack.compose import Service
from harness.stack.session import PLACE, Session

_LOG_BYTES_AT_MOST = 2_000_000


def create_network(session: Session) -> Network:
    """Create the stack's own network, named per session."""
    network = Network(docker_network_kw={"labels": session.labels()})
    network.name = f"celery-proving-ground-{session.id}"
    return network.create()


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
) -> Any:
    """Start the service at its place in the stack; return docker-py's container.

    `volumes` is host path -> (path inside, mode). It does not wait for readiness.
    """
    container = DockerContainer(image)
    container.with_name(f"{network.name}-{place.replace('/', '-')}")
    container.with_network(network).with_network_aliases(alias)
    container.with_envs(**environment)
    if service.command is not None:
        container.with_command(service.command)
    for host_path, (inside, mode) in (volumes or {}).items():
        container.with_volume_mapping(host_path, inside, mode)
    for port in ports:
        container.ports[f"{port}/tcp"] = ("127.0.0.1", None)  # type: ignore[assignment]
    container.with_kwargs(
        labels={**session.labels(), PLACE: place},
        init=service.init,
        # The harness waits by its own round trips; a check in each of 30 containers
        # every few seconds would cost more CPU than the jobs.
        healthcheck={"test": ["NONE"]},
        **_if_set(
            entrypoint=service.entrypoint, user=service.user, hostname=service.hostname
        ),
    )
    return container.start().get_wrapped_container()


def host_port(container: Any, port: int) -> int:
    """Return the loopback port of a container's port, read anew.

    The engine gives other ports after a restart: never keep what this returns over
    one. Raises StackLost when the container is gone or stopped.
    """
    container.reload()
    bindings = container.attrs["NetworkSettings"]["Ports"].get(f"{port}/tcp")
    if not bindings:
        raise StackLost(
            f"{container.name} does not serve port {port} any more: it is "
            f"{container.status}. Its last words: {last_words(container)}"
        )
    return int(bindings[0]["HostPort"])


def last_words(container: Any, *, lines: int = 8) -> str:
    """Return the end of a container's log, for an error message."""
    text: bytes = container.logs(tail=lines)
    return text.decode(errors="replace").strip() or "(it wrote nothing)"


def save_log(container: Any, path: Path, *, since: float) -> None:
    """Keep the end of what the container wrote since a moment (epoch seconds)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text: bytes = container.logs(since=int(since), timestamps=True)
    path.write_bytes(text[-_LOG_BYTES_AT_MOST:])


def _if_set(**options: object) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
