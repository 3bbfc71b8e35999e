"""`delete_queue`: somebody deletes the job queue, with all that waits in it. Consumers
are told, and make it again. Until then the broker confirms whatever is published to it,
and drops it (`failures.md` PUB-08, BRK-05).
"""

from harness.conditions import Condition
from harness.faults.rabbitmq.queue_fault import JobQueues, QueueFault
from harness.stack import queues
from harness.stack.lane import Lane
from harness.stack.queues import JobQueue


def delete_queue(*, when: Condition) -> QueueFault:
    """Delete the lane's job queue, with all that waits in it, once."""
    return QueueFault(
        type="delete_queue",
        when=when,
        for_seconds=1,
        does="deleted, with all that waits in it",
        begin=_delete,
        shows=_is_gone,
        lasts=False,
    )


def _delete(lane: Lane, its: JobQueues) -> None:
    for queue in its:
        queues.delete(lane, queue.name)


def _is_gone(lane: Lane, before: JobQueue, queue: JobQueue | None) -> str | None:
    """Show that there is none, or another one, which has nothing of what it had."""
    if queue is None:
        return "gone"
    if before.consumers and not before.consumers & queue.consumers:
        return "another one, without its consumers"
    if not before.consumers and queue.ready < before.ready:
        return "another one, without its messages"
    return None
