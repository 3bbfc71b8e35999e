"""`stop`: a process is asked to end, given some time, and killed when that is over, as
on every deployment. What it has not finished by then dies with it: give it too little
grace, and a deployment is a crash (`failures.md` WRK-10).
"""

import signal
from functools import partial
from typing import Any, Literal

from harness.clock import wait_until
from harness.conditions import Condition
from harness.faults.arguments import check_choice, check_range
from harness.faults.process.process_fault import ProcessFault

# SIGTERM: finish what runs, then end. SIGQUIT: let a worker give back what it runs.
Signal = Literal["SIGTERM", "SIGQUIT"]
_SIGNALS: tuple[Signal, ...] = ("SIGTERM", "SIGQUIT")
# Docker's own, and Compose's.
GRACE_SECONDS = 10.0
_DIES_WITHIN_SECONDS = 5.0


def stop(
    target: str,
    *,
    when: Condition,
    for_seconds: float,
    grace_seconds: float = GRACE_SECONDS,
    by: Signal = "SIGTERM",
) -> ProcessFault:
    """Ask a role or a service to end, kill it after its grace, start it again later."""
    check_stop("stop", grace_seconds, by)
    return ProcessFault(
        type="stop",
        target=target,
        when=when,
        for_seconds=for_seconds,
        does=f"stopped by {by}, killed after {grace_seconds:g} s of grace, and away",
        begin=partial(end, by=by, grace_seconds=grace_seconds),
    )


def check_stop(fault: str, grace_seconds: float, by: Signal) -> None:
    """Raise UsageError for a signal or a time that cannot stop anything."""
    check_choice(fault, "by", by, _SIGNALS)
    check_range(fault, "grace_seconds", grace_seconds, 0, 60)


def end(container: Any, *, by: Signal, grace_seconds: float) -> None:
    """Ask the container to end; kill it when its time is over."""
    container.kill(by)

    def is_over() -> bool:
        container.reload()
        return not container.attrs["State"]["Running"]

    if not wait_until(is_over, within_seconds=grace_seconds, every_seconds=0.1):
        container.kill(signal.SIGKILL)
        wait_until(is_over, within_seconds=_DIES_WITHIN_SECONDS)
