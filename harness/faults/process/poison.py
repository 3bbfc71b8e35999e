"""`poison`: one job kills the pool child that runs it, each time that it is run, as a
job does that needs more memory than there is. It shows who gives up, and who loops.

Without a limit on deliveries a rejected message comes back for ever (`failures.md`
WRK-03), and with one it may be dropped without a trace (WRK-04).
"""

from harness.conditions import Condition
from harness.faults.fault import Aim
from harness.faults.process.child_fault import ChildFault, kill
from harness.stack.lane import Lane


def poison(*, when: Condition, for_seconds: float) -> ChildFault:
    """Let one job kill each pool child that runs it, until it is dead-lettered.

    One that is never given up so is let go after `for_seconds`.
    """
    return ChildFault(
        type="poison",
        target="one job",
        when=when,
        for_seconds=for_seconds,
        does="kills each pool child that runs it, until it is dead-lettered or for "
        f"{for_seconds:g} s",
        healed_by="soft",
        keep_up=_kill_again,
    )


def _kill_again(lane: Lane, aim: Aim) -> bool:
    """Kill every child that runs the job by now; say whether it is dead-lettered."""
    for attempt in lane.attempts.running():
        if attempt.job == aim.job:
            kill(lane, attempt.process)
            lane.attempts.bury("worker", attempt.process)
    return aim.job in lane.attempts.dead_lettered()
