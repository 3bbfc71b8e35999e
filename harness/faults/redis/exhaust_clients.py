"""`exhaust_clients`: Redis takes no more clients (`faults.md` D4). Who is connected
stays so; whoever comes is told that there are too many.

The limit is set below one, and so the one who would lift it is turned away, too. So it
is set by a client that stays: it lifts it when a file of ours is gone.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, is_told
from harness.faults.redis.cli import setting
from harness.stack.lane import Lane
from harness.stack.undoing import RunInside, Undo

_NAME = "exhaust_clients"
_FILE = f"/tmp/{_NAME}"  # noqa: S108 - the container's own
_SLACK_SECONDS = 60
# $1: the file, $2: how many clients there may be afterwards, $3: tenths of a second at
# most. Words for one client, as time goes by.
_STAY = """
touch "$1"
{
  echo CONFIG SET maxclients 1
  left=$3
  while [ -e "$1" ] && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
  echo CONFIG SET maxclients "$2"
} | redis-cli
"""


def exhaust_clients(*, when: Condition, for_seconds: float) -> LinkFault:
    """Let no more clients in."""
    return LinkFault(
        type=_NAME,
        roles=("web", "worker"),
        services=("redis",),
        when=when,
        for_seconds=for_seconds,
        does="it takes no more clients",
        begin=partial(_set, for_seconds=for_seconds),
        feels=is_told("max number of clients"),
        undo=_lift,
        check=SOME_WORK,
        shared=True,
        hits="redis",
    )


def _set(lane: Lane, links: Links, for_seconds: float) -> None:
    before = setting(lane, "maxclients")
    tenths = f"{(for_seconds + _SLACK_SECONDS) * 10:.0f}"
    lane.services["redis"].exec_run(
        ["sh", "-c", _STAY, _NAME, _FILE, before, tenths], detach=True
    )


def _lift(lane: Lane, links: Links) -> Undo:
    return RunInside(
        container=lane.services["redis"].id, commands=(("rm", "-f", _FILE),)
    )
