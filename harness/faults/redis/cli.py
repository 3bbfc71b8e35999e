"""Redis is told things by the `redis-cli` in its own container.

It exists so that who undoes a fault needs nothing but the container, and because what
Redis is told so is forgotten when it is started anew: then there is nothing to undo.
"""

from collections.abc import Callable

from harness.errors import FaultNotInjected
from harness.faults.network.link_fault import Links
from harness.stack import services
from harness.stack.lane import Lane
from harness.stack.undoing import RunInside, Undo

# With -e, an error is an exit code.
_CLI = ("redis-cli", "-e")


def told(lane: Lane, *words: str) -> str:
    """Tell Redis something; return what it says. Raises StackLost if it refuses."""
    return services.ask(lane.services["redis"], [*_CLI, *words]).decode().strip()


def setting(lane: Lane, name: str) -> str:
    """Return a setting as it is. Raises FaultNotInjected if there is no such."""
    words = told(lane, "config", "get", name).split()
    if len(words) != 2:
        raise FaultNotInjected(f"Redis has no setting {name}")
    return words[1]


def undone_by(*words: str) -> Callable[[Lane, Links], Undo]:
    """Return what makes the undo that tells Redis so."""
    return lambda lane, links: undo(lane, words)


def undo(lane: Lane, *sentences: tuple[str, ...]) -> Undo:
    """Return the undo that tells Redis each of these."""
    return RunInside(
        container=lane.services["redis"].id,
        commands=tuple((*_CLI, *words) for words in sentences),
    )
