"""The quiet phases of a scenario: warm up, settle, read the ledgers.

They exist because absence proves something only when all has come to rest: settling
waits for conditions, never for a fixed time, and a ledger is read to its end before
its marker is written.
"""

from collections.abc import Callable, Sequence

import psycopg2

from harness.cell import Cell
from harness.clock import now, wait_until
from harness.errors import StackLost, StackNotReady
from harness.history import AnyEvent, Ledger, LedgerEnd, Settled
from harness.stack.ledgers import api, database, results
from harness.workload.client import poll_until_terminal, submit_one
from harness.workload.plan import one_job

_WARM_UP_JOBS = 3
# A design may lose a job though nothing is broken; a lane that ends none of its first
# ones is broken.
_ENDS_ONE_OF = 2
# A worker backs off 2, 4, 6, … s while its broker is away; after an outage of ten
# seconds it can take as long again to come back.
_ONE_JOB_WITHIN_SECONDS = 40
_QUIET_WITHIN_SECONDS = 60
# "Empty for several samples": a message on its way from a queue to a worker is in
# neither for a moment.
_QUIET_SAMPLES = 3
# A quorum queue tells its counts a quarter of a second late (compose.yaml).
_SAMPLE_EVERY_SECONDS = 0.3


def warm_up(cell: Cell) -> None:
    """Send a few jobs through, so that every link that the lane uses is in use.

    One that does not end is a finding, as all jobs are in the ledgers: it is left to
    the judges if another one ends. Raises StackNotReady where none seems to.
    """
    ended = 0
    for number in range(_WARM_UP_JOBS):
        ended += finishes_one(cell, "warm_up", number)
        if not ended and number + 1 == _ENDS_ONE_OF:
            raise StackNotReady(
                f"lane {cell.lane.name} did not finish one of {_ENDS_ONE_OF} warm-up "
                f"jobs, each within {_ONE_JOB_WITHIN_SECONDS} s, before any fault"
            )
    if not cell.lane.attempts.started():
        raise StackNotReady(
            f"the probe saw nothing of the warm-up jobs of lane {cell.lane.name}: "
            "it is not loaded there, and every job would look as if it never started"
        )


def settle(cell: Cell) -> None:
    """Wait until nothing is queued, running or owed, and write down how it ended.

    Rows that are still open are given the design's own recovery limit; open rows
    after that are findings, not a failure to settle.
    """
    because = _unsettled(cell)
    open_jobs, _ = database.count_open(cell.lane.dsn)
    if not because and open_jobs:
        wait_until(
            lambda: not database.count_open(cell.lane.dsn)[0],
            within_seconds=cell.design.recovery_seconds,
            every_seconds=_SAMPLE_EVERY_SECONDS,
        )
        because = "" if _comes_to_rest(cell) else _busy(cell)
        open_jobs, _ = database.count_open(cell.lane.dsn)
    cell.recorder.record(
        Settled(
            time=now(),
            complete=not because,
            because=because or "nothing is queued, running or owed",
            open_jobs=open_jobs,
        )
    )


def read_ledgers(cell: Cell) -> None:
    """Read the final state of every ledger into the history, each to its marker.

    The API goes first: a row that changes after it was shown has a line in the log.
    """
    lane = cell.lane
    if lane.attempts.clock is not None:
        cell.recorder.record(lane.attempts.clock)
    _close(cell, "client", lambda: api.read_jobs(lane.web_url()))
    _close(
        cell,
        "database",
        lambda: [
            *database.read_all(lane.dsn),
            *results.read_all(lane.redis_url, lane.attempts.read()),
        ],
    )
    _close(cell, "attempts", lane.attempts.read)
    _close(cell, "broker", lambda: cell.look_at_queues(final=True))


def _close(cell: Cell, ledger: Ledger, read: Callable[[], Sequence[AnyEvent]]) -> None:
    """Read one ledger; one that cannot be read has no marker, and proves no absence."""
    try:
        events = read()
    except (StackLost, psycopg2.Error) as error:
        cell.tell(f"{cell.lane.name}: the {ledger} ledger was not read: {error}")
        return
    for event in events:
        cell.recorder.record(event)
    lines = cell.recorder.lines(ledger)
    cell.recorder.record(LedgerEnd(time=now(), ledger=ledger, lines=lines))


def _unsettled(cell: Cell) -> str:
    """Return why the lane does not settle, or "" when it does."""
    if not finishes_one(cell, "sentinel", 0):
        return (
            f"the sentinel job did not finish within {_ONE_JOB_WITHIN_SECONDS} s of "
            "the end of the workload"
        )
    return "" if _comes_to_rest(cell) else _busy(cell)


def finishes_one(cell: Cell, purpose: str, number: int) -> bool:
    """Submit one job around the workload and say whether it ends in time.

    A try that is not accepted is repeated under a new key until time is up: right
    after a heal a web process may still hold a broken connection.
    """
    ends = now() + _ONE_JOB_WITHIN_SECONDS
    url = cell.lane.web_url()
    tries = 0

    def write(_: str, event: AnyEvent) -> None:
        cell.recorder.record(event)

    def ends_well() -> bool:
        nonlocal tries
        tries += 1
        key = f"{cell.key_prefix}-{purpose}-{number}-{tries}"
        job = submit_one(
            url,
            one_job(key),
            write,
            lane=cell.lane.name,
            purpose=purpose,  # type: ignore[arg-type]
        )
        if job is None:
            return False
        seen = poll_until_terminal(
            url,
            key,
            job,
            write,
            lane=cell.lane.name,
            within_seconds=max(ends - now(), 1),
        )
        return seen == "finished"

    return wait_until(
        ends_well, within_seconds=_ONE_JOB_WITHIN_SECONDS, every_seconds=0.5
    )


def _comes_to_rest(cell: Cell) -> bool:
    """Wait for several quiet samples in a row; say whether they came."""
    quiet = 0

    def at_rest() -> bool:
        nonlocal quiet
        quiet = 0 if _busy(cell) else quiet + 1
        return quiet >= _QUIET_SAMPLES

    return wait_until(
        at_rest,
        within_seconds=_QUIET_WITHIN_SECONDS,
        every_seconds=_SAMPLE_EVERY_SECONDS,
    )


def _busy(cell: Cell) -> str:
    """Name what is still queued, running or owed in the lane; "" when nothing is."""
    held = {
        queue.queue: (queue.ready, queue.unacknowledged)
        for queue in cell.look_at_queues()
        if not queue.dead_letters and queue.ready + queue.unacknowledged
    }
    _, owed = database.count_open(cell.lane.dsn)
    begun = len(cell.lane.busy_with())
    sessions = database.count_busy_sessions(cell.lane.dsn)
    return ", ".join(
        sentence
        for sentence, amount in (
            (f"the broker holds (ready, unacknowledged) {held}", len(held)),
            (f"the outbox owes {owed} messages", owed),
            (f"{begun} publishes or tasks are under way", begun),
            (f"{sessions} database transactions are under way", sessions),
        )
        if amount
    )
