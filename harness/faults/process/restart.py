"""`restart`: a process is stopped and started again at once, as on a deployment that
goes well. Nothing should be lost, and hardly anything late.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.process.process_fault import ProcessFault
from harness.faults.process.stop import GRACE_SECONDS, Signal, check_stop, end


def restart(
    target: str,
    *,
    when: Condition,
    grace_seconds: float = GRACE_SECONDS,
    by: Signal = "SIGTERM",
) -> ProcessFault:
    """Stop a role or a service, and start it again at once."""
    check_stop("restart", grace_seconds, by)
    return ProcessFault(
        type="restart",
        target=target,
        when=when,
        for_seconds=grace_seconds + 1,
        does=f"restarted by {by} with {grace_seconds:g} s of grace",
        begin=partial(end, by=by, grace_seconds=grace_seconds),
        lasts=False,
    )
