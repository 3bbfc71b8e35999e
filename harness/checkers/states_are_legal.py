"""A job's status only ever changes along the state graph.

It exists because a late writer can take back what a job said it was. The transition
log, written by a trigger inside the database, sees each change, also those between
two looks of a client (`judging.md` §5: illegal_transition, terminal_flip,
status_regress, zombie_write).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from harness.fates import Account
from harness.history import (
    AttemptEntered,
    DatabaseConnected,
    Delivered,
    PollEnded,
    Transition,
)
from harness.records import TERMINAL, JobRecord
from harness.verdict import Anomaly, Doubt

GUARANTEE = "states_are_legal"
GROUP = "job state consistency"
SENTENCE = "A job's status changes only along the state graph, and ends once."
KINDS = {
    "illegal_transition": ("illegal change of status", "illegal changes of status"),
    "terminal_flip": ("ended job reopened", "ended jobs reopened"),
    "status_regress": ("ended job seen open again", "ended jobs seen open again"),
    "zombie_write": (
        "job changed by an attempt that had lost it",
        "jobs changed by attempts that had lost them",
    ),
}

# Changes are timed by the database's clock and attempts by their containers'. What is
# nearer than this, on top of the clocks' known error, is no order.
NEAR_SECONDS = 0.1

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
        if len(record.entered) > 1:
            for each in record.each_job():
                yield from _zombies(each, account)
        for polls in _by_job(record.polls).values():
            yield from _regress(record, polls, account)
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
        flip = _is_flip(change)
        old, new = (each or "no row" for each in (change.old, change.new))
        yield Anomaly(
            kind="terminal_flip" if flip else "illegal_transition",
            keys=(record.key,),
            events=(change,),
            because=f"{old} → {new}",
            cause="late write" if flip else "unexplained",
            proven="presence",
        )


def _is_flip(change: Transition) -> bool:
    return change.old in TERMINAL and change.new is not None


def _zombies(record: JobRecord, account: Account) -> Iterator[Anomaly | Doubt]:
    """Find what an attempt wrote after a later one had entered the body.

    What was written while nobody had the job, or by who never ran it (the web, a
    reaper, a dead letter's consumer), is no attempt's.
    """
    near = NEAR_SECONDS + account.clock_error_seconds
    takes = _takes(record)
    for change in record.transitions:
        entered = [
            take.entered for take in takes if 0 < take.entered < change.time - near
        ]
        if len(entered) < 2:
            continue
        writer = account.opened_by(change.backend_pid, change.time)
        if writer is None:
            yield Doubt(
                because=f"who changed {record.key} to {change.new or 'no row'} is not"
                " known: nobody was seen to open database connection"
                f" {change.backend_pid}"
            )
            continue
        place = (writer.container, writer.process)
        own = [e for e in takes if e.place == place and e.begun <= change.time + near]
        # Of several in one process the last one: the others have ended.
        if own and 0 < own[-1].entered < max(entered):
            yield _zombie(record, change, writer)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Take:
    """One delivery of the job to a process: when, and when its body was last entered.

    `entered` is 0 where the process turned it away, or died before.
    """

    place: tuple[str, int]
    begun: float
    entered: float


def _takes(record: JobRecord) -> list[_Take]:
    """Return each delivery with its attempt, in order."""
    signs: list[Delivered | AttemptEntered] = [*record.deliveries, *record.entered]
    takes: dict[tuple[str, int], list[_Take]] = {}
    for sign in sorted(signs, key=lambda each: each.time):
        place = (sign.container, sign.process)
        here = takes.setdefault(place, [])
        if isinstance(sign, Delivered) or not here:
            here.append(_Take(place=place, begun=sign.time, entered=0.0))
        if isinstance(sign, AttemptEntered):
            here[-1] = replace(here[-1], entered=sign.time)
    found = [take for here in takes.values() for take in here]
    return sorted(found, key=lambda take: take.begun)


def _zombie(
    record: JobRecord, change: Transition, writer: DatabaseConnected
) -> Anomaly:
    return Anomaly(
        kind="zombie_write",
        keys=(record.key,),
        events=(*record.deliveries, *record.entered, writer, change),
        because=f"{change.old or 'no row'} → {change.new or 'no row'}, written by an"
        " attempt when a later one had entered the body",
        cause="late write",
        proven="presence",
    )


def _regress(
    record: JobRecord, polls: Sequence[PollEnded], account: Account
) -> Iterator[Anomaly]:
    """Two looks may overlap: only one begun after the other's end counts as later.

    Where the log has it that the job was reopened in between, that is what was seen.
    """
    near = NEAR_SECONDS + account.clock_error_seconds
    for ended in polls:
        if ended.seen not in TERMINAL:
            continue
        for later in polls:
            if later.seen and later.seen not in TERMINAL and later.begun >= ended.time:
                reopened = [
                    change
                    for change in record.transitions
                    if change.job == ended.job
                    and _is_flip(change)
                    and change.new not in TERMINAL
                    and ended.begun - near < change.time < later.time + near
                ]
                yield Anomaly(
                    kind="status_regress",
                    keys=(record.key,),
                    events=(ended, *reopened, later),
                    because=f"seen {ended.seen}, then {later.seen}",
                    cause="late write" if reopened else "unexplained",
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
