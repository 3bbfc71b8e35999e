"""`starve_cpu`: a container gets a small share of one core. Nothing is broken, all is
slow: what has a time-out may reach it, and heartbeats come late (`faults.md` R1).
"""

from functools import partial
from typing import Any

from harness.clock import now
from harness.conditions import Condition
from harness.faults.arguments import check_range
from harness.faults.process.process_fault import ProcessFault
from harness.stack import limits, needs
from harness.stack.undoing import Undo, UpdateContainer

NEEDS = (needs.LIMIT_CPU,)
# The least that the engine takes is a hundredth of a core: then it takes ten seconds
# to look into the container.
_LEAST, _MOST = 0.02, 0.5
# Uses up whatever share of a core there is, so that the kernel has to say stop.
_BUSY = ["timeout", "0.5", "sh", "-c", "while :; do :; done"]
# What an unlimited container may seem to be throttled: it never is.
_NOTICEABLE_SECONDS = 0.01


def starve_cpu(
    target: str, *, cpus: float, when: Condition, for_seconds: float
) -> ProcessFault:
    """Give a role or a service no more than 0.02 to 0.5 of a core, all processes."""
    check_range("starve_cpu", "cpus", cpus, _LEAST, _MOST)
    return ProcessFault(
        type="starve_cpu",
        target=target,
        when=when,
        for_seconds=for_seconds,
        does=f"gets {cpus:g} of a core",
        begin=partial(_starve, cpus=cpus),
        undo=_feed,
        inside=_is_throttled,
        ends=False,
        needs=NEEDS,
    )


def _starve(container: Any, cpus: float) -> None:
    period = limits.CPU_PERIOD_MICROSECONDS
    share = {"CpuPeriod": period, "CpuQuota": int(cpus * period)}
    limits.update(container.client, container.id, share)


def _feed(container: Any) -> Undo:
    before = limits.limits_of(container, "CpuPeriod", "CpuQuota")
    return UpdateContainer(container=container.id, limits=before)


def _is_throttled(container: Any) -> str | None:
    """Use up what there is of a core for half a second; say how much was refused."""
    begun, before = now(), limits.throttled_seconds(container)
    container.exec_run(_BUSY)
    throttled = limits.throttled_seconds(container) - before
    if throttled < _NOTICEABLE_SECONDS:
        return None
    return f"kept waiting for a core for {throttled:.1f} s in {now() - begun:.1f} s"
