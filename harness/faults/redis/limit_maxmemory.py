"""`limit_maxmemory`: Redis has less memory than it needs, and refuses what is to be
stored (`faults.md` D2). By its policy it also throws away what it holds, of which
nobody is told (`failures.md` RES-04).
"""

from functools import partial
from typing import Literal

from harness.conditions import Condition
from harness.faults.arguments import check_choice
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, is_told
from harness.faults.redis.cli import setting, told, undo
from harness.stack.lane import Lane
from harness.stack.undoing import Undo

Policy = Literal["noeviction", "allkeys-lru", "volatile-ttl"]
_KEEPS: Policy = "noeviction"
_POLICIES: tuple[Policy, ...] = (_KEEPS, "allkeys-lru", "volatile-ttl")
# Less than an empty Redis has in use.
_BYTES = 1


def limit_maxmemory(
    policy: Policy = _KEEPS, *, when: Condition, for_seconds: float
) -> LinkFault:
    """Leave Redis less memory than it needs, and say what it is to do then."""
    check_choice("limit_maxmemory", "policy", policy, _POLICIES)
    also = "" if policy == _KEEPS else f" and throws away what it holds ({policy})"
    return LinkFault(
        type="limit_maxmemory",
        roles=("web", "worker"),
        services=("redis",),
        when=when,
        for_seconds=for_seconds,
        does=f"its memory is full: it stores nothing{also}",
        begin=partial(_limit, policy=policy),
        feels=is_told("OutOfMemory", "OOM"),
        undo=_lift,
        check=SOME_WORK,
        shared=True,
        hits="redis",
    )


def _limit(lane: Lane, links: Links, policy: Policy) -> None:
    told(lane, "config", "set", "maxmemory-policy", policy, "maxmemory", f"{_BYTES}")


def _lift(lane: Lane, links: Links) -> Undo:
    """Remember both settings."""
    was = {name: setting(lane, name) for name in ("maxmemory", "maxmemory-policy")}
    return undo(lane, *(("config", "set", name, value) for name, value in was.items()))
