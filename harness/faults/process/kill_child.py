"""`kill_child`: a worker's pool child dies in the middle of an attempt, as the kernel
kills one that is out of memory. The worker's main process lives, and decides what
becomes of the message.
"""

from dataclasses import dataclass

from harness.conditions import At, Condition
from harness.faults.fault import Aim
from harness.faults.process import on_children
from harness.history import Reading
from harness.stack.lane import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class KillChild:
    """One pool child of the lane's worker is killed while it runs an attempt."""

    when: Condition
    # It is over at once: the pool makes another child by itself.
    for_seconds: float = 1.0
    type: str = "kill_child"
    needs: tuple[str, ...] = ()
    shared: bool = False

    @property
    def target(self) -> str:
        return "a pool child of worker"

    @property
    def sentence(self) -> str:
        where = "" if isinstance(self.when, At) else " in the middle of an attempt"
        return f"{self.target}: killed{where}, when {self.when.sentence}"

    def aim(self, lane: Lane) -> Aim:
        return on_children.aim(lane, self.when)

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        return on_children.hit(lane, aim, self.when)

    def confirm(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_children.confirm(lane, aim)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        """Nothing to do: the child stays dead."""
        return False

    def heal(self, lane: Lane, aim: Aim) -> str:
        return "by the worker's pool"

    def verify(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_children.verify(lane, aim)


def kill_child(*, when: Condition) -> KillChild:
    """Kill a pool child: at its breakpoint, or in the middle of an attempt."""
    return KillChild(when=on_children.check_condition("kill_child", when))
