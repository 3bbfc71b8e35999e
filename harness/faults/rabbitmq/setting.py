"""What faults on a setting of the broker share: how it is set while the broker runs.

By an expression that the broker evaluates. It leaves the configuration as it is, and
that is what the undo goes back to: so nothing needs to be asked before, which would
cost a second of CPU for each lane, and a broker that was restarted in between is as it
should be.
"""

from collections.abc import Callable

from harness.faults.network.link_fault import Links
from harness.stack import services
from harness.stack.lane import Lane
from harness.stack.undoing import RunInside, Undo


def as_configured(expression: str, name: str) -> str:
    """Return the expression with the configured value of the setting `name` in it."""
    return expression.format(f"element(2, application:get_env(rabbit, {name}))")


def tells(expression: str) -> Callable[[Lane, Links], None]:
    """Begin a fault by having the broker evaluate the expression."""

    def begin(lane: Lane, links: Links) -> None:
        services.ask(lane.services["rabbitmq"], _command(expression))

    return begin


def told_again(expression: str) -> Callable[[Lane, Links], Undo]:
    """Undo a fault by having the broker evaluate the expression."""

    def undo(lane: Lane, links: Links) -> Undo:
        broker = lane.services["rabbitmq"]
        return RunInside(container=broker.id, commands=(_command(expression),))

    return undo


def _command(expression: str) -> tuple[str, ...]:
    return ("rabbitmqctl", "eval", f"{expression}.")
