"""`pause_clients`: whoever writes to Redis waits, as a fail-over has it (`faults.md`
D1). What only reads is served; connections stay open.

By `CLIENT PAUSE ... WRITE`. There is a pause of all commands, too, which nobody can end
before its time: it holds back the very command that would (measured on 8.0.2). To have
Redis answer nobody, there is `pause("redis")`.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, observes
from harness.faults.redis.cli import told, undone_by
from harness.stack.lane import Lane

# A pause that nobody ends does so by itself, so long after the fault's time.
_SLACK_SECONDS = 60


def pause_clients(*, when: Condition, for_seconds: float) -> LinkFault:
    """Let everybody who writes wait."""
    return LinkFault(
        type="pause_clients",
        roles=("web", "worker"),
        services=("redis",),
        when=when,
        for_seconds=for_seconds,
        does="whoever writes has to wait",
        begin=partial(_pause, for_seconds=for_seconds),
        feels=observes("silent"),
        undo=undone_by("client", "unpause"),
        check=SOME_WORK,
        shared=True,
        hits="redis",
    )


def _pause(lane: Lane, links: Links, for_seconds: float) -> None:
    milliseconds = (for_seconds + _SLACK_SECONDS) * 1000
    told(lane, "client", "pause", f"{milliseconds:.0f}", "WRITE")
