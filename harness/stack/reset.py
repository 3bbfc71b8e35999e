"""Makes a lane as good as new between scenarios, and proves it.

It exists because a lane that is not clean tells lies about the next scenario: a
message that comes back from a worker long gone looks like a job run twice.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import psycopg2
import redis

from harness.clock import wait_until
from harness.errors import StackLost
from harness.stack import revive, services
from harness.stack.lane import Lane
from harness.stack.ledgers import database

# A running task of the last scenario may take this long to end.
_DRAIN_WITHIN_SECONDS = 15
# A worker backs off 2, 4, 6, … s while its broker is away.
_CLEAN_WITHIN_SECONDS = 40
_READY_WITHIN_SECONDS = 60
# What a worker of Celery logs each time, from 5.5 to 5.7 at least.
_CONNECTED = "Connected to amqp"


def reset(lane: Lane, tell: Callable[[str], None]) -> None:
    """Make the lane as good as new and prove it. Raises StackLost if it can't be.

    A worker that has lost its broker is replaced by another one: of that, Celery keeps
    something for good. It may have forgotten time limits, take less than it did (CON-08
    and CON-09 of the failure catalogue), or send no heartbeats while it ends. What does
    not come clean is rebuilt: all containers are started anew.
    """
    worker = lane.roles["worker"]
    if _has_lost_its_broker(worker):
        revive.start(lane.engine, worker.id, dead=worker.attrs["State"]["Pid"])
    for each_try in ("clean", "rebuild"):
        if each_try == "rebuild":
            tell(f"{lane.name}: does not come clean, starting its containers anew")
            _rebuild(lane)
        if _clean(lane):
            return
    raise StackLost(f"lane {lane.name} does not come clean: {', '.join(_dirt(lane))}")


def _has_lost_its_broker(worker: Any) -> bool:
    """Say whether it has had more than one connection, or tells us of none."""
    return services.log_since_start(worker).count(_CONNECTED) != 1


def _clean(lane: Lane) -> bool:
    """Empty the lane's stores and say whether nothing is left in any of them.

    Messages first: a running attempt's `save()` would insert its row again.
    """
    lane.breakpoints.clear()
    for link in lane.links:
        if not lane.toxiproxy.is_well(link.proxy):
            # Only these: healing closes the link's connections.
            lane.toxiproxy.heal(link.proxy)
    if not wait_until(
        lambda: _drain(lane), within_seconds=_DRAIN_WITHIN_SECONDS, every_seconds=0.1
    ):
        return False
    if not wait_until(
        lambda: _empty(lane), within_seconds=_DRAIN_WITHIN_SECONDS, every_seconds=0.1
    ):
        return False
    with contextlib.closing(redis.Redis.from_url(lane.redis_url)) as client:
        client.flushdb()
    return wait_until(
        lambda: not _dirt(lane),
        within_seconds=_CLEAN_WITHIN_SECONDS,
        every_seconds=0.1,
    )


def _drain(lane: Lane) -> bool:
    """Purge what is ready and say whether the broker holds nothing any more."""
    for queue in lane.broker.queues(lane.id):
        if queue.ready:
            lane.broker.purge(lane.id, queue.queue)
    return lane.is_idle()


def _empty(lane: Lane) -> bool:
    """Empty the database and say whether nobody's transaction was in the way.

    A relay or a reaper has locks for a moment, and may ask for ours meanwhile.
    """
    try:
        database.empty(lane.dsn)
    except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
        return False
    return True


def _rebuild(lane: Lane) -> None:
    for container in lane.roles.values():
        services.restart(container)
    lane.wait_until_serving(within_seconds=_READY_WITHIN_SECONDS)
    lane.wait_until_consuming(within_seconds=_READY_WITHIN_SECONDS)


def _dirt(lane: Lane) -> list[str]:
    """Name what is not as good as new in the lane."""
    found = []
    if not lane.is_serving():
        found.append("web does not serve")
    if not lane.is_idle():
        found.append("messages are left in the broker")
    if database.count_rows(lane.dsn):
        found.append("rows are left in the database")
    if not lane.consumes():
        found.append("no worker consumes")
    found += [
        f"{link.name} is not as it was"
        for link in lane.links
        if not lane.toxiproxy.is_well(link.proxy)
    ]
    return found
