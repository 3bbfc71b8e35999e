"""`lock_row`: a session holds the lock on one job's row while the job runs, as one
does that was cut off in the middle of its transaction (`failures.md` DB-09). Whoever
runs the job cannot write how it ended.
"""

from dataclasses import dataclass

import psycopg2.errors

from harness.clock import wait_until
from harness.conditions import Condition
from harness.errors import FaultNotInjected
from harness.faults.arguments import check_seconds
from harness.faults.fault import Aim, NotYet, Probed
from harness.faults.postgres.session import ended, hold, is_there
from harness.history import Reading
from harness.stack import undoing
from harness.stack.lane import Lane
from harness.stack.ledgers import database

# Between two jobs there may be none for a moment.
_RUNS_WITHIN_SECONDS = 5


def lock_row(*, when: Condition, for_seconds: float) -> "RowLock":
    """Lock the row of the job that has been running the longest in the lane."""
    return RowLock(when=when, for_seconds=for_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLock:
    """Another session has a running job's row, and lets nobody change it."""

    when: Condition
    for_seconds: float
    type: str = "lock_row"
    target: str = "a running job's row"
    shared: bool = False
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_seconds(self.type, self.for_seconds)

    @property
    def sentence(self) -> str:
        return (
            f"{self.target}: another session holds its lock for {self.for_seconds:g} s,"
            f" when {self.when.sentence}"
        )

    def aim(self, lane: Lane) -> Aim:
        """Pick the job. Raises FaultNotInjected if none runs."""
        running = wait_until(lane.attempts.running, within_seconds=_RUNS_WITHIN_SECONDS)
        if not running:
            raise FaultNotInjected(f"no job of lane {lane.name} runs: none to lock")
        job = running[0].job
        return Aim(used=frozenset({_name(job)}), job=job, undo=ended(lane, self.type))

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        row = f"SELECT id FROM jobs_job WHERE id = {aim.job} FOR UPDATE"
        hold(lane, self.type, "BEGIN", row, for_seconds=self.for_seconds)
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        is_locked = is_there(lane, self.type) and _is_locked(lane, aim.job)
        return _reading(aim, "locked") if is_locked else _not_yet(aim, "free")

    def hold(self, lane: Lane, aim: Aim) -> bool:
        return False

    def heal(self, lane: Lane, aim: Aim) -> str:
        return undoing.undo(aim.undo, lane.engine)

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        is_locked = _is_locked(lane, aim.job)
        return _not_yet(aim, "locked") if is_locked else _reading(aim, "free")


def _is_locked(lane: Lane, job: int | None) -> bool:
    """Try to have the row."""
    with database.connect(lane.dsn) as cursor:
        try:
            cursor.execute(
                "SELECT id FROM jobs_job WHERE id = %s FOR UPDATE NOWAIT", [job]
            )
        except psycopg2.errors.LockNotAvailable:
            return True
    return False


def _name(job: int | None) -> str:
    return f"job {job}'s row"


def _not_yet(aim: Aim, observed: str) -> NotYet:
    return NotYet(f"{_name(aim.job)} is {observed}")


def _reading(aim: Aim, observed: str) -> tuple[Reading, ...]:
    return (Reading(on=_name(aim.job), used=True, observed=observed, seconds=0),)
