"""`kill_clients`: Redis closes every connection of the lane, once (`faults.md` D7). New
ones are welcome; what was subscribed to is not any more.
"""

import contextlib

import redis

from harness.conditions import Condition
from harness.faults.network.link_fault import (
    LinkFault,
    Links,
    connections_gone,
    nothing_to_undo,
)
from harness.stack.lane import Lane


def kill_clients(*, when: Condition) -> LinkFault:
    """Close every connection to the lane's own Redis database, once."""
    return LinkFault(
        type="kill_clients",
        roles=("*",),
        services=("redis",),
        when=when,
        for_seconds=1,
        does="every connection is closed by Redis",
        begin=_kill,
        feels=connections_gone,
        undo=nothing_to_undo,
        lasts=False,
        of_connections=True,
        hits="the lane's clients of redis",
    )


def _kill(lane: Lane, links: Links) -> None:
    with contextlib.closing(redis.Redis.from_url(lane.redis_url)) as client:
        own, number = client.client_id(), lane.redis_url.rpartition("/")[2]
        for each in client.client_list():
            if each["db"] == number and each["id"] != str(own):
                client.client_kill_filter(_id=each["id"])
