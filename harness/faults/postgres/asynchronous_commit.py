"""`asynchronous_commit`: commits are acknowledged before they are on disk, and nothing
gets there. All is well, until the database crashes: then what was acknowledged is gone
(`faults.md` G8). Give the crash by a second fault, `kill("postgres")`.

Two things make it certain. The setting alone leaves a window of the log writer's delay;
and with lanes that share a server, one session that still waits for the disk takes
everybody's commits along, because there is one log. So the disk stands still, too: a
session of ours is stopped in the middle of a flush, where it holds the lock that every
flush needs (seen as wait event WalSync; it took one try in 5 of 5). Who waits for the
disk waits then, as on a volume that hangs; who does not is served. So it goes until the
buffers of the log are full, 4 MB by default.

While it is on, commits of the harness's own must not wait for the disk: psycopg2 would
never come back. They go by the server's setting, as its other settings tell.
"""

import contextlib
import signal
from dataclasses import dataclass

import psycopg2

from harness.clock import wait_until
from harness.conditions import Condition
from harness.errors import FaultNotInjected, StackLost
from harness.faults.arguments import check_seconds
from harness.faults.fault import Aim, NotYet, Probed
from harness.faults.network.link_fault import SOME_WORK
from harness.faults.postgres.session import hold, named, tell
from harness.history import Reading
from harness.stack import processes, undoing
from harness.stack.lane import Lane
from harness.stack.ledgers import database
from harness.stack.undoing import TellPostgres

_NAME = "asynchronous_commit"
_SETTINGS = {
    "synchronous_commit": "off",
    # The longest that there is: the log writer flushes when it hears of it, and then
    # not for ten seconds.
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "1GB",
}
_FLUSH_FOR_EVER = (
    "DO $$ BEGIN LOOP PERFORM pg_logical_emit_message(true, 'harness', '');"
    " COMMIT; END LOOP; END $$"
)
_ITS_SESSION = f"FROM pg_stat_activity WHERE {named(_NAME)}"
# Its name differs between versions in upper and lower case.
_FLUSHES = "lower(wait_event) IN ('walsync', 'walwrite')"
# By the server's own shell, so that the undo is statements and no more.
_LET_IT_GO = f"""
DO $$ DECLARE its integer; BEGIN
    FOR its IN SELECT pid {_ITS_SESSION} LOOP
        PERFORM pg_terminate_backend(its);
        EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'kill -CONT ' || its);
    END LOOP;
END $$"""
_TRIES = 100
_SOON_SECONDS = 5.0


def asynchronous_commit(*, when: Condition, for_seconds: float) -> "AsynchronousCommit":
    """Acknowledge commits that are not on disk, and let nothing get there."""
    return AsynchronousCommit(when=when, for_seconds=for_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsynchronousCommit:
    """Postgres acknowledges what a crash would take back."""

    when: Condition
    for_seconds: float
    type: str = _NAME
    target: str = "postgres"
    shared: bool = True
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_seconds(self.type, self.for_seconds)

    @property
    def sentence(self) -> str:
        return (
            f"{self.target}: commits are acknowledged before they are on disk, which"
            f" stands still, for {self.for_seconds:g} s, when {self.when.sentence}"
        )

    def aim(self, lane: Lane) -> Aim:
        felt = lane.feel(lane.links_of(("worker",), (self.target,)), SOME_WORK)
        return Aim(
            used=frozenset(each.on for each in felt if each.used),
            undo=_take_back(lane),
            before=felt,
        )

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        """Change the settings, then stop the flush. Raises FaultNotInjected."""
        try:
            _change(lane)
            hold(
                lane,
                _NAME,
                _FLUSH_FOR_EVER,
                for_seconds=self.for_seconds,
                options="-c synchronous_commit=on",
            )
            _stop_in_the_middle(lane)
        except psycopg2.Error as error:
            raise FaultNotInjected(f"Postgres does not take it: {error}") from error
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        """Return how much is acknowledged and not on disk: nobody feels that yet."""
        not_on_disk = 0
        with contextlib.suppress(
            psycopg2.OperationalError
        ):  # it may have crashed by now
            not_on_disk = _not_on_disk(lane)
        what = f"{not_on_disk} bytes are acknowledged and not on disk"
        return _readings(aim, what) if not_on_disk else NotYet(what)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        return False

    def heal(self, lane: Lane, aim: Aim) -> str:
        return undoing.undo(aim.undo, lane.engine)

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        """Return the readings once a commit is on disk, and work is done."""
        # It may be recovering, and a worker's container, which would feel it, too.
        with contextlib.suppress(psycopg2.OperationalError, StackLost):
            felt = lane.feel(lane.links_of(("worker",), (self.target,)), SOME_WORK)
            unserved = [each for each in felt if each.observed != "served"]
            if unserved:
                return NotYet("; ".join(each.sentence for each in unserved))
            if not _is_as_before(lane):
                return NotYet("what is written does not get to disk by itself")
            return _readings(aim, "served")
        return NotYet("postgres, or the container that would feel it, does not run")


def _change(lane: Lane) -> None:
    with database.connect(lane.dsn) as cursor:
        cursor.execute("CHECKPOINT")  # a crash shall not have to redo more
        for name, value in _SETTINGS.items():
            cursor.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        cursor.execute("SELECT pg_reload_conf()")
    if not wait_until(lambda: _is_off(lane), within_seconds=_SOON_SECONDS):
        raise FaultNotInjected("Postgres does not take a change of its settings")


def _not_on_disk(lane: Lane) -> int:
    """Commit something; return how much is acknowledged, while the flush is stopped."""
    with database.connect(lane.dsn) as cursor:
        cursor.execute("SELECT pg_logical_emit_message(true, 'harness', '')")
        cursor.execute(
            "SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn(),"
            f" (SELECT count(*) {_ITS_SESSION} AND {_FLUSHES})"
        )
        size, stopped = cursor.fetchone() or (0, 0)
        return int(size) if stopped else 0


def _is_as_before(lane: Lane) -> bool:
    """Say whether what is written by now gets to disk, by itself."""
    with database.connect(lane.dsn) as cursor:
        cursor.execute(f"SELECT count(*) {_ITS_SESSION}")
        (left,) = cursor.fetchone() or (0,)
        cursor.execute("SELECT pg_current_wal_insert_lsn()")
        (written,) = cursor.fetchone() or ("",)
        gets_there = wait_until(
            lambda: _is_on_disk(cursor, written), within_seconds=_SOON_SECONDS
        )
    return gets_there and not left and not _is_off(lane)


def _take_back(lane: Lane) -> TellPostgres:
    """Remember each setting as it is in the file that `ALTER SYSTEM` writes."""
    with database.connect(lane.dsn) as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_file_settings"
            " WHERE sourcefile LIKE '%postgresql.auto.conf'"
        )
        was = dict(cursor.fetchall())
    before = (
        f"ALTER SYSTEM SET {name} = '{was[name]}'"
        if name in was
        else f"ALTER SYSTEM RESET {name}"
        for name in _SETTINGS
    )
    return tell(lane, _LET_IT_GO, *before, "SELECT pg_reload_conf()")


def _stop_in_the_middle(lane: Lane) -> None:
    """Stop the session that flushes, until it is caught in the middle of a flush."""
    container = lane.services["postgres"]
    with database.connect(lane.dsn) as cursor:

        def its() -> tuple[int, bool | None] | None:
            cursor.execute(f"SELECT pid, {_FLUSHES} {_ITS_SESSION}")
            return cursor.fetchone()

        found = wait_until(its, within_seconds=_SOON_SECONDS)
        for _ in range(_TRIES):
            if not found:
                break
            processes.send(container, found[0], signal.SIGSTOP)
            found = its()
            if found and found[1]:
                return
            if found:
                processes.send(container, found[0], signal.SIGCONT)
    raise FaultNotInjected("no session could be stopped in the middle of a flush")


def _is_off(lane: Lane) -> bool:
    """Say whether a new session's commits do not wait for the disk."""
    with database.connect(lane.dsn) as cursor:
        cursor.execute("SHOW synchronous_commit")
        return cursor.fetchone() == ("off",)


def _is_on_disk(cursor: database.Cursor, written: str) -> bool:
    cursor.execute("SELECT pg_current_wal_flush_lsn() >= %s::pg_lsn", [written])
    return cursor.fetchone() == (True,)


def _readings(aim: Aim, observed: str) -> tuple[Reading, ...]:
    return tuple(
        Reading(on=each.on, used=each.used, observed=observed, seconds=each.seconds)
        for each in aim.before
    )
