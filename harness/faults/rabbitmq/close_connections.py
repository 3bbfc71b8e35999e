"""`close_connections`: the broker closes every connection of a lane and says why, as an
operator has it do. New ones are welcome. Whoever works on one is told by an orderly
close (AMQP's 320), where `kill_connections` gives no word (`faults.md` B3). One that is
idle in a pool is not looked at, and found closed when it is used.
"""

from urllib.parse import quote

from harness.clock import wait_until
from harness.conditions import Condition
from harness.errors import FaultNotInjected
from harness.faults.network.link_fault import LinkFault, Links, nothing_to_undo
from harness.stack.lane import Felt, Lane

_REASON = "closed by an operator"
# The management API can close a connection once it has heard of it: by RabbitMQ's
# statistics, every five seconds.
_CLOSED_WITHIN_SECONDS = 10.0


def close_connections(*, when: Condition) -> LinkFault:
    """Have the broker close every connection of the lane, once, with a word why."""
    return LinkFault(
        type="close_connections",
        # A worker always listens: it feels at once what all are told.
        roles=("worker",),
        services=("rabbitmq",),
        when=when,
        for_seconds=1,
        does=f'the broker closes them: "{_REASON}"',
        begin=_close,
        feels=_is_heard,
        undo=nothing_to_undo,
        lasts=False,
        hits="every connection to rabbitmq",
    )


def _close(lane: Lane, links: Links) -> None:
    left = lane.broker.connections(lane.id)

    def all_were_closed() -> bool:
        nonlocal left
        left &= lane.broker.connections(lane.id)
        left = frozenset(name for name in left if not _was_closed(lane, name))
        return not left

    if not wait_until(all_were_closed, within_seconds=_CLOSED_WITHIN_SECONDS):
        raise FaultNotInjected(f"the broker did not close {', '.join(sorted(left))}")


def _was_closed(lane: Lane, name: str) -> bool:
    """Have the broker close a connection; say whether it did."""
    path = f"connections/{quote(name, safe='')}"
    return lane.broker.call("DELETE", path, may_be_gone=True, because=_REASON).ok


def _is_heard(before: Felt, now: Felt) -> str | None:
    """Feel that a connection is gone: whoever listened. Pool children seldom do."""
    if not before.connections - now.connections:
        return None
    gone = len(before.connections - now.connections)
    return f"{gone} of {len(before.connections)} connections gone"
