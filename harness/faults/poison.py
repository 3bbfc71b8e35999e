"""`poison`: one job kills the pool child that runs it, each time that it is run, as a
job does that needs more memory than there is. It shows who gives up, and who loops.

Without a limit on deliveries a rejected message comes back for ever (`failures.md`
WRK-03), and with one it may be dropped without a trace (WRK-04).
"""

from dataclasses import dataclass

from harness.conditions import Condition
from harness.faults import on_children
from harness.faults.fault import Aim
from harness.faults.on_links import check_seconds
from harness.history import Reading
from harness.stack.lane import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """The first long job found kills whoever runs it, for `for_seconds`."""

    when: Condition
    for_seconds: float
    type: str = "poison"

    @property
    def target(self) -> str:
        return "one job"

    @property
    def sentence(self) -> str:
        return (
            f"{self.target}: kills each pool child that runs it, for "
            f"{self.for_seconds:g} s, when {self.when.sentence}"
        )

    def aim(self, lane: Lane) -> Aim:
        return on_children.aim(lane)

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        return on_children.hit(lane, aim)

    def confirm(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_children.confirm(lane, aim)

    def hold(self, lane: Lane, aim: Aim) -> None:
        """Kill every child that runs the job by now."""
        for attempt in lane.attempts.running():
            if attempt.job == aim.job:
                on_children.kill(lane, attempt.process)
                lane.attempts.bury("worker", attempt.process)

    def heal(self, lane: Lane, aim: Aim) -> str:
        return "soft"

    def verify(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_children.verify(lane, aim)


def poison(*, when: Condition, for_seconds: float) -> Poison:
    """Let one job kill each pool child that runs it, for `for_seconds`."""
    return Poison(when=when, for_seconds=check_seconds("poison", for_seconds))
