"""Brings containers back to what they were: how faults on processes are undone.

It exists so that the harness, the guard and `harness recover` do the same, whatever the
container is by then: each function may be called at any moment and any number of times,
and a container that is gone altogether is left to whoever looks for it next.
"""

import signal
from collections.abc import Mapping, Sequence
from typing import Any

import docker
import docker.errors

from harness.clock import wait_until
from harness.errors import FaultNotHealed
from harness.stack import limits, processes, services
from harness.stack.engine import FAILURES

_DIES_WITHIN_SECONDS = 5.0


def restart_policy_of(container: Any) -> str:
    """Return the name of what the engine does when the container ends by itself."""
    return str(container.attrs["HostConfig"]["RestartPolicy"]["Name"] or "no")


def start(
    engine: docker.DockerClient,
    container_id: str,
    *,
    dead: int | None = None,
    restart_policy: str | None = None,
) -> None:
    """Have the container run, by another process than the `dead` one, if there is one.

    That one is killed if it lives: it was asked to die, and may be about to. The
    restart policy, if one is given, goes back first, or the engine would start what
    dies here.
    """
    container = _find(engine, container_id)
    if container is None:
        return
    if restart_policy not in (None, restart_policy_of(container)):
        container.update(restart_policy={"Name": restart_policy})
    if dead is not None and container.attrs["State"]["Pid"] == dead:
        container.kill()
        wait_until(lambda: _is_dead(container), within_seconds=_DIES_WITHIN_SECONDS)
    services.start_again(container)


def update(
    engine: docker.DockerClient, container_id: str, values: Mapping[str, int]
) -> None:
    """Set what a container may use (limits.py).

    One that ends in this very moment, or is started again in vain, cannot be told: it
    is told once more. Raises what is in FAILURES.
    """
    refused: list[docker.errors.APIError] = []

    def is_told() -> bool:
        if _find(engine, container_id) is None:
            return True
        try:
            limits.update(engine, container_id, values)
        except docker.errors.APIError as error:
            refused[:] = [error]
            return False
        return True

    if not wait_until(is_told, within_seconds=_DIES_WITHIN_SECONDS, every_seconds=0.2):
        raise refused[0]


def unpause(engine: docker.DockerClient, container_id: str) -> None:
    """Let a paused container go on."""
    container = _find(engine, container_id)
    if container is not None and container.attrs["State"]["Paused"]:
        container.unpause()


def resume(engine: docker.DockerClient, container_id: str, process: int) -> None:
    """Let a suspended process go on."""
    container = _find(engine, container_id)
    if container is not None and container.attrs["State"]["Running"]:
        processes.send(container, process, signal.SIGCONT)


def tell(
    engine: docker.DockerClient, container_id: str, command: Sequence[str]
) -> None:
    """Run a command in a container. Raises FaultNotHealed unless it succeeds."""
    container = _find(engine, container_id)
    if container is None:
        return
    answer = container.exec_run(list(command))
    if answer.exit_code != 0:
        said = answer.output.decode(errors="replace").strip()
        raise FaultNotHealed(f"{container.name}: {' '.join(command)} failed: {said}")


def is_there(engine: docker.DockerClient, container_id: str) -> bool:
    """Say whether there is such a container, whatever its state."""
    return _find(engine, container_id) is not None


def restart(engine: docker.DockerClient, container_id: str) -> None:
    """Start the container anew, however it is now. Raises FaultNotHealed."""
    try:
        container = engine.containers.get(container_id)
        services.restart(container)
    except FAILURES as error:
        raise FaultNotHealed(
            f"container {container_id[:12]} could not be restarted: {error}"
        ) from error


def _find(engine: docker.DockerClient, container_id: str) -> Any:
    try:
        return engine.containers.get(container_id)
    except docker.errors.NotFound:
        return None


def _is_dead(container: Any) -> bool:
    container.reload()
    return not container.attrs["State"]["Running"]
