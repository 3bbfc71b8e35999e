"""`purge_queue`: somebody purges the job queue: what waits in it is gone, and nobody is
told. What a worker has already is not touched.
"""

from harness.conditions import Condition
from harness.errors import FaultNotInjected
from harness.faults.rabbitmq.queue_fault import JobQueues, QueueFault
from harness.stack.lane import Lane
from harness.stack.queues import JobQueue


def purge_queue(*, when: Condition) -> QueueFault:
    """Purge the lane's job queue, once. Messages must wait in it."""
    return QueueFault(
        type="purge_queue",
        when=when,
        for_seconds=1,
        does="purged: what waits in it is gone",
        begin=_purge,
        shows=_has_lost,
        lasts=False,
    )


def _purge(lane: Lane, queues: JobQueues) -> None:
    if not any(queue.ready for queue in queues):
        raise FaultNotInjected("no message waits in the job queue: nothing to purge")
    for queue in queues:
        lane.broker.purge(lane.id, queue.name)


def _has_lost(lane: Lane, before: JobQueue, queue: JobQueue | None) -> str | None:
    left = queue.ready if queue else 0
    if not before.ready:
        return "nothing waited in it"
    return f"{before.ready} waited, {left} do" if left < before.ready else None
