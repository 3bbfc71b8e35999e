"""A job's status only ever changes along the state graph.

It exists because a late writer can take back what a job said it was. The transition
log, written by a trigger inside the database, sees each change, also those between
two looks of a client (`judging.md` §5: illegal_transition, terminal_flip,
status_regress; zombie_write needs to know each attempt's database connection).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from harness.fates import Account
from harness.history import PollEnded, Transition
from harness.records import TERMINAL, JobRecord
from harness.verdict import Anomaly, Doubt

GUARANTEE = "states_are_legal"
GROUP = "job state consistency"
SENTENCE = "A job's status changes only along the state graph, and ends once."
KINDS = {
    "illegal_transition": ("illegal change of status", "illegal changes of status"),
    "terminal_flip": ("ended job reopened", "ended jobs reopened"),
    "status_regress": ("ended job seen open again", "ended jobs seen open again"),
}

# None is "no row". started -> started is a new attempt, started -> pending a requeue,
# pending -> failed a dead letter. A write of the same status is no change at all.
GRAPH: Mapping[str | None, frozenset[str | None]] = {
    None: frozenset(("pending",)),
    "pending": frozenset(("started", "failed")),
    "started": frozenset(("started", "pending", "finished", "failed")),
}

E = TypeVar("E", Transition, PollEnded)


def check(account: Account) -> Iterator[Anomaly | Doubt]:
    """Find changes outside the graph, and polls that saw an ended job open again."""
    for record in account.jobs:
        for log in _by_job(record.transitions).values():
            yield from _changes(record, log)
        for polls in _by_job(record.polls).values():
            yield from _regress(record, polls)
        yield from _holes(record, account)


def _by_job(events: Sequence[E]) -> Mapping[int, list[E]]:
    """A key may have two jobs: each has its own history."""
    logs: defaultdict[int, list[E]] = defaultdict(list)
    for event in events:
        logs[event.job].append(event)
    return logs


def _changes(record: JobRecord, log: Sequence[Transition]) -> Iterator[Anomaly]:
    for change in log:
        legal = change.old == change.new or change.new in GRAPH.get(change.old, ())
        if legal:
            continue
        flip = change.old in TERMINAL and change.new is not None
        old, new = (each or "no row" for each in (change.old, change.new))
        yield Anomaly(
            kind="terminal_flip" if flip else "illegal_transition",
            keys=(record.key,),
            events=(change,),
            because=f"{old} → {new}",
            cause="late write" if flip else "unexplained",
            proven="presence",
        )


def _regress(record: JobRecord, polls: Sequence[PollEnded]) -> Iterator[Anomaly]:
    """Two looks may overlap: only one begun after the other's end counts as later."""
    for ended in polls:
        if ended.seen not in TERMINAL:
            continue
        for later in polls:
            if later.seen and later.seen not in TERMINAL and later.begun >= ended.time:
                yield Anomaly(
                    kind="status_regress",
                    keys=(record.key,),
                    events=(ended, later),
                    because=f"seen {ended.seen}, then {later.seen}",
                    cause="unexplained",
                    proven="presence",
                )
                return


def _holes(record: JobRecord, account: Account) -> Iterator[Doubt]:
    """A log that does not lead from nothing to the row as it is has missed a change."""
    if "database" in account.unread:
        return
    logs = _by_job(record.transitions)
    for row in record.rows:
        status: str | None = None
        for change in logs.get(row.job, ()):
            if change.old != status:
                break
            status = change.new
        else:
            if status == row.status:
                continue
        yield Doubt(
            because=f"the transition log of {record.key} has a hole:"
            f" it does not lead to {row.status}"
        )
