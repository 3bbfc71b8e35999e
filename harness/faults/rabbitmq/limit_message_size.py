"""`limit_message_size`: the broker takes no message whose body is longer than so many
bytes. It closes the channel on which one comes, which who publishes without a confirm
is not told in time (`failures.md` PUB-09).

A job's message has a body of about 90 bytes. RabbitMQ 4.0 keeps the limit as a
`persistent_term`, which each channel looks at for each publish: so it can be changed
while the broker runs, where a change of its settings would need a restart.
"""

from harness.conditions import Condition
from harness.faults.arguments import check_range
from harness.faults.network.link_fault import LinkFault, Links, is_told
from harness.stack import services
from harness.stack.lane import Check, Lane
from harness.stack.undoing import RunInside, Undo

_MOST_BYTES = 1_000_000
_LIMIT = "persistent_term:get(max_message_size)"


def limit_message_size(
    *, size_bytes: int, when: Condition, for_seconds: float
) -> LinkFault:
    """Have the broker refuse every message with a longer body, of every lane."""
    check_range("limit_message_size", "size_bytes", size_bytes, 1, _MOST_BYTES)

    def limit(lane: Lane, links: Links) -> None:
        services.ask(lane.services["rabbitmq"], _setting(f"{size_bytes}"))

    return LinkFault(
        type="limit_message_size",
        roles=("*",),
        services=("rabbitmq",),
        when=when,
        for_seconds=for_seconds,
        does=f"a message with a body of more than {size_bytes} bytes is refused",
        begin=limit,
        feels=is_told("larger than"),
        undo=_as_it_was,
        check=Check(work=True, size=size_bytes + 1),
        shared=True,
        hits="rabbitmq",
    )


def _as_it_was(lane: Lane, links: Links) -> Undo:
    broker = lane.services["rabbitmq"]
    was = services.ask(broker, ["rabbitmqctl", "--silent", "eval", f"{_LIMIT}."])
    return RunInside(container=broker.id, commands=(_setting(was.decode().strip()),))


def _setting(size_bytes: str) -> tuple[str, ...]:
    expression = f"persistent_term:put(max_message_size, {size_bytes})."
    return ("rabbitmqctl", "eval", expression)
