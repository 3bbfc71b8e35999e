"""`limit_message_size`: the broker takes no message whose body is longer than so many
bytes. It closes the channel on which one comes, which who publishes without a confirm
is not told in time (`failures.md` PUB-09).

A job's message has a body of about 90 bytes. RabbitMQ 4.0 keeps the limit as a
`persistent_term`, which each channel looks at for each publish: so it can be changed
while the broker runs, where a change of its settings would need a restart.
"""

from harness.conditions import Condition
from harness.faults.arguments import check_range
from harness.faults.network.link_fault import LinkFault, is_told
from harness.faults.rabbitmq.setting import as_configured, tells, told_again
from harness.stack.lane import Check

_MOST_BYTES = 1_000_000
_SET = "persistent_term:put(max_message_size, {})"


def limit_message_size(
    *, size_bytes: int, when: Condition, for_seconds: float
) -> LinkFault:
    """Have the broker refuse every message with a longer body, of every lane."""
    check_range("limit_message_size", "size_bytes", size_bytes, 1, _MOST_BYTES)
    return LinkFault(
        type="limit_message_size",
        roles=("*",),
        services=("rabbitmq",),
        when=when,
        for_seconds=for_seconds,
        does=f"a message with a body of more than {size_bytes} bytes is refused",
        begin=tells(_SET.format(size_bytes)),
        feels=is_told("larger than"),
        undo=told_again(as_configured(_SET, "max_message_size")),
        check=Check(work=True, size=size_bytes + 1),
        shared=True,
        hits="rabbitmq",
    )
