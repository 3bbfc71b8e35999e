"""`poison`: one job kills the pool child that runs it, each time that it is run, as a
job does that needs more memory than there is. It shows who gives up, and who loops.

Without a limit on deliveries a rejected message comes back for ever (`failures.md`
WRK-03), and with one it may be dropped without a trace (WRK-04).
"""

from dataclasses import dataclass

from harness.conditions import Condition
from harness.faults.arguments import check_seconds
from harness.faults.fault import Aim
from harness.faults.process import on_children
from harness.history import Reading
from harness.stack.lane import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """The first long job found kills whoever runs it, until it is dead-lettered.

    A job that is never given up so is let go after `for_seconds`.
    """

    when: Condition
    for_seconds: float
    type: str = "poison"
    needs: tuple[str, ...] = ()
    shared: bool = False

    @property
    def target(self) -> str:
        return "one job"

    @property
    def sentence(self) -> str:
        return (
            f"{self.target}: kills each pool child that runs it, until it is "
            f"dead-lettered or for {self.for_seconds:g} s, when {self.when.sentence}"
        )

    def aim(self, lane: Lane) -> Aim:
        return on_children.aim(lane, self.when)

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        return on_children.hit(lane, aim, self.when)

    def confirm(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_children.confirm(lane, aim)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        """Kill every child that runs the job by now, until it is dead-lettered."""
        for attempt in lane.attempts.running():
            if attempt.job == aim.job:
                on_children.kill(lane, attempt.process)
                lane.attempts.bury("worker", attempt.process)
        return aim.job in lane.attempts.dead_lettered()

    def heal(self, lane: Lane, aim: Aim) -> str:
        return "soft"

    def verify(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_children.verify(lane, aim)


def poison(*, when: Condition, for_seconds: float) -> Poison:
    """Let one job kill each pool child that runs it, for `for_seconds` at most."""
    return Poison(
        when=on_children.check_condition("poison", when),
        for_seconds=check_seconds("poison", for_seconds),
    )
