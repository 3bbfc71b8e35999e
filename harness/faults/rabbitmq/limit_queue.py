"""`limit_queue`: the job queue takes so many messages and no more. What becomes of one
message too many is for the limit to say: the oldest is dropped without a word, which is
RabbitMQ's default, or the newest is refused, which who publishes without a confirm is
not told either (`failures.md` BRK-03).

By a policy on the lane's vhost, felt on a queue of ours on which it is in force, too. A
quorum queue takes a few messages more before it refuses one.
"""

from functools import partial
from types import MappingProxyType
from typing import Literal

from harness.conditions import Condition
from harness.faults.arguments import check_choice, check_range
from harness.faults.rabbitmq.queue_fault import QueueFault, delete_policy, put_policy
from harness.stack.lane import Lane
from harness.stack.queues import JobQueue, holds

Overflow = Literal["drop-head", "reject-publish"]
_DOES = MappingProxyType(
    {
        "drop-head": "for one more message the oldest is dropped",
        "reject-publish": "one more message is refused",
    }
)
_MOST = 20
# How many more than the limit the trial is given.
_TOO_MANY = 5


def limit_queue(
    *, messages: int, overflow: Overflow, when: Condition, for_seconds: float
) -> QueueFault:
    """Limit how many messages may wait in the lane's job queue."""
    check_range("limit_queue", "messages", messages, 1, _MOST)
    check_choice("limit_queue", "overflow", overflow, tuple(_DOES))
    return QueueFault(
        type="limit_queue",
        when=when,
        for_seconds=for_seconds,
        does=f"{messages} messages may wait; {_DOES[overflow]}",
        begin=partial(
            put_policy, definition={"max-length": messages, "overflow": overflow}
        ),
        shows=partial(_is_limited, messages),
        undo=delete_policy,
    )


def _is_limited(
    messages: int, lane: Lane, before: JobQueue, queue: JobQueue | None
) -> str | None:
    asked = messages + _TOO_MANY
    kept = holds(lane, asked, of=before.name)
    return f"of {asked} messages {kept} are kept" if kept < asked else None
