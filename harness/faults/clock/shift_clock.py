"""`shift_clock`: the wall clock of a role is wrong, as on a machine that has lost its
time server, and jumps back in the end. Monotonic time goes on: whoever waits by it does
not notice (`faults.md` T1). What was written down by the wrong clock is read by a right
one later: when a retry is due, until when a lease lasts.
"""

from dataclasses import dataclass

from harness.clock import now
from harness.conditions import Condition
from harness.errors import FaultNotInjected, UsageError
from harness.faults.arguments import check_range, check_seconds
from harness.faults.fault import Aim, NotYet, Probed
from harness.history import Reading
from harness.stack import clocks, needs, undoing
from harness.stack.lane import Lane
from harness.stack.undoing import SetClock

NEEDS = (needs.CLOCKS,)
_LEAST_SECONDS, _MOST_SECONDS = 5, 7 * 24 * 3600


def shift_clock(
    role: str, *, seconds: float, when: Condition, for_seconds: float
) -> "ShiftedClock":
    """Set a role's wall clock forward, or back where `seconds` is below 0."""
    check_range("shift_clock", "seconds", abs(seconds), _LEAST_SECONDS, _MOST_SECONDS)
    if role not in clocks.FITTED:
        raise UsageError(
            f"shift_clock({role!r}): only {', '.join(clocks.FITTED)} can have a clock"
        )
    return ShiftedClock(
        target=role, seconds=seconds, when=when, for_seconds=for_seconds
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftedClock:
    """The clock of the lane's `target` is `seconds` ahead of the true time."""

    target: str
    seconds: float
    when: Condition
    for_seconds: float
    type: str = "shift_clock"
    shared: bool = False
    needs: tuple[str, ...] = NEEDS

    def __post_init__(self) -> None:
        check_seconds(self.type, self.for_seconds)

    @property
    def sentence(self) -> str:
        way = "fast" if self.seconds > 0 else "slow"
        return (
            f"{self.target}: its wall clock is {abs(self.seconds):g} s {way}, for "
            f"{self.for_seconds:g} s, when {self.when.sentence}"
        )

    def aim(self, lane: Lane) -> Aim:
        if not lane.clocks.are_fitted(self.target):
            raise FaultNotInjected(f"{self.target} has no clock of its own here")
        used = {self.target} if lane.has_used(self.target) else set()
        return Aim(
            used=frozenset(used), undo=SetClock(file=str(lane.clocks.file(self.target)))
        )

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        clocks.shift(lane.clocks.file(self.target), self.seconds)
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        return self._read(lane, self.seconds)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        return False

    def heal(self, lane: Lane, aim: Aim) -> str:
        return undoing.undo(aim.undo, lane.engine)

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        if not lane.is_alive(self.target):
            return NotYet(f"{self.target} does not do its work")
        return self._read(lane, 0)

    def _read(self, lane: Lane, seconds: float) -> Probed:
        """Return the reading once the role's processes are so many seconds off."""
        begun = now()
        off, its_own = clocks.read(lane.roles[self.target])
        who = "its main process and others have" if its_own else "a process in it has"
        observed = f"{who} a clock that is {off:+d} s off"
        if abs(off - seconds) > clocks.ERROR_SECONDS:
            return NotYet(f"{self.target}: {observed}")
        return (
            Reading(
                on=self.target, used=True, observed=observed, seconds=now() - begun
            ),
        )
