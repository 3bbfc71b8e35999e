"""From a history to one record per job, and books that must balance.

It exists so that the events are folded once, and every checker reads the same
records. What is in the database or in the attempts and was never asked for is a
stranger. The rules are those of `judging.md` §4.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.earned import FaultTimes, Work, fault_times, is_baseline, unread
from harness.history import (
    Acknowledged,
    BreakpointLeft,
    BreakpointReached,
    Cell,
    ChildDied,
    Clock,
    ContainerEnded,
    DatabaseConnected,
    EffectSeen,
    History,
    Ledger,
    MachineSeen,
    Outcome,
    PollEnded,
    PublishBegun,
    QueueSeen,
    Rejected,
    Row,
    SubmitBegun,
    SubmitEnded,
    Transition,
)
from harness.records import FATES, FIELDS, Fate, JobRecord

# A machine with this share of its CPU time to spare, or more, lets nobody wait.
# Measured: six lanes on two cores have 0 to 0.02 while all of them are busy.
_NOTHING_TO_SPARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """How many keys met which fate. The first two sum up the rest."""

    asked: int = 0
    accepted: int = 0
    recovered: int = 0
    once: int = 0
    more_than_once: int = 0
    dead_lettered: int = 0
    lost: int = 0
    stuck: int = 0
    refused: int = 0
    vanished: int = 0

    @property
    def ended(self) -> int:
        """Sum the fates of the keys that owe the client an end."""
        return (
            self.once
            + self.more_than_once
            + self.dead_lettered
            + self.lost
            + self.stuck
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A process waited at a breakpoint from `start` to `stop`, which was our doing.

    `job` is None where the point does not know it. Who was never seen to leave has no
    end.
    """

    container: str
    process: int
    job: int | None
    start: float
    stop: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One cell's jobs, and what surrounds them: all that a checker reads.

    `jobs` were asked for, `strangers` were not; both are in the order of their keys.
    `queues` is the final read of the broker, `queues_seen` names the job queues that
    were ever there, `samples` is each look at them by time, `machine` each look at
    that. `without_queue` are the spans in which there was no job queue.
    `acknowledgements_seen` says that the probe wrote them down.
    `connections` holds who opened each database connection, by its backend's id;
    `holds` each wait at a breakpoint.
    `clock_error_seconds` is how far times of two ledgers may be apart by clocks alone.
    `unread` names the ledgers whose end was not read. `unbalanced` says where totals
    disagree with the fold.
    """

    cell: Cell
    jobs: tuple[JobRecord, ...]
    strangers: tuple[JobRecord, ...]
    queues: tuple[QueueSeen, ...]
    queues_seen: frozenset[str]
    acknowledgements_seen: bool
    samples: tuple[QueueSeen, ...]
    without_queue: tuple[tuple[float, float], ...]
    machine: tuple[MachineSeen, ...]
    connections: Mapping[int, tuple[DatabaseConnected, ...]]
    holds: tuple[Hold, ...]
    clock_error_seconds: float
    faults: tuple[FaultTimes, ...]
    deaths: tuple[ChildDied | ContainerEnded, ...]
    unread: tuple[Ledger, ...]
    books: Books
    work: Work
    unbalanced: tuple[str, ...]

    def had_no_queue_at(self, time: float) -> bool:
        """Say whether the broker had no job queue then, by the looks on both sides."""
        return any(start <= time < stop for start, stop in self.without_queue)

    @property
    def keeps_results(self) -> bool:
        """Say whether the result backend holds any job's result at the end."""
        return any(record.results_seen for record in self.jobs)

    @property
    def forgets(self) -> bool:
        """Say whether the database is known to have lost what it had committed.

        Then that it knows of no such row does not mean that there never was one.
        """
        return any(record.taken_back for record in self.jobs)

    @property
    def healed(self) -> float | None:
        """Return when the last fault was verified to be gone.

        None where there was none, or where one may still be on.
        """
        times = [fault.verified for fault in self.faults]
        if not times or None in times:
            return None
        return max(time for time in times if time is not None)

    def is_promised(self, guarantee: str) -> bool:
        """Say whether the design is held to this: it said so, or nothing was broken."""
        return guarantee in self.cell.promises or is_baseline(self.cell)

    def was_busy(self, start: float, stop: float) -> bool:
        """Say whether the machine had, for most of this time, no CPU to spare.

        Then whoever has something to do waits for it, whatever the design.
        """
        busy_seconds = sum(
            max(0.0, min(seen.time, stop) - max(seen.since, start))
            for seen in self.machine
            if seen.idle < _NOTHING_TO_SPARE
        )
        return busy_seconds > (stop - start) / 2

    def held_seconds(
        self, container: str, jobs: Collection[int], start: float, stop: float
    ) -> float:
        """Return for how long we may have held up one of these jobs there meanwhile."""
        seconds = 0.0
        for hold in self.holds:
            if hold.container == container and (hold.job is None or hold.job in jobs):
                died = self.died_at(container, hold.process, hold.start)
                until = min(hold.stop, stop if died is None else died, stop)
                seconds += max(0.0, until - max(hold.start, start))
        return seconds

    def limit_seconds(self, guarantee: str, default: float) -> float:
        """Return how long the design may take: what it promises, or the default.

        The scenario may say what a design may take that does not promise it.
        """
        promise = self.cell.promises.get(guarantee)
        limit = promise.within_seconds if promise else None
        return self.cell.limits.get(guarantee, default) if limit is None else limit

    def opened_by(self, backend_pid: int, time: float) -> DatabaseConnected | None:
        """Return who had opened the connection that this backend served then.

        A database that was started anew gives the same ids again: the last one counts.
        """
        opened = [
            event
            for event in self.connections.get(backend_pid, ())
            if event.time <= time + self.clock_error_seconds
        ]
        return opened[-1] if opened else None

    def death_of(
        self, container: str, process: int, since: float
    ) -> ChildDied | ContainerEnded | None:
        """Return the death of the process that was alive at `since`, None if it lives.

        A child's death is known from its worker, a container's from the harness: its
        time is when that was asked for, as anything after it may come of it.
        """
        for death in self.deaths:
            if death.container != container:
                continue
            if isinstance(death, ContainerEnded):
                if since <= death.gone:
                    return death
            elif death.child == process and since <= death.time:
                return death
        return None

    def died_at(self, container: str, process: int, since: float) -> float | None:
        """Return when the process that was alive at `since` died, None if it lives."""
        death = self.death_of(container, process, since)
        return None if death is None else death.time


# --- the fold -----------------------------------------------------------------

# What makes two lines the same fact; any other event is the same only if it is equal.
_SAME: dict[str, Callable[[Any], Any]] = {
    "begun": lambda event: event.nth,
    "ended": lambda event: event.nth,
    "rows": lambda event: event.job,
    "transitions": lambda event: event.sequence,
    "effects": lambda event: event.effect,
    "owed": lambda event: event.job,
}


def fold(history: History, cell: Cell) -> Account:
    """Fold the events once: one record per key, the fates, the books.

    Lines may be repeated and in any order: a fact counts once.
    """
    asked = {event.key for event in history.of(SubmitBegun)}
    asked |= {event.key for event in history.of(SubmitEnded)}
    gathered = _gather(history)
    records = tuple(
        _record(key, gathered, asked=key in asked)
        for key in sorted({key for under in gathered.values() for key in under})
    )
    jobs = tuple(record for record in records if record.asked)
    strangers = tuple(record for record in records if not record.asked)
    books = _count(jobs)
    faults = fault_times(history, cell)
    samples = tuple(dict.fromkeys(history.of(QueueSeen)))
    last_seen = {e.queue: e for e in samples if e.final}
    return Account(
        cell=cell,
        jobs=jobs,
        strangers=strangers,
        queues=tuple(last_seen[name] for name in sorted(last_seen)),
        queues_seen=frozenset(
            event.queue for event in history.of(QueueSeen) if not event.dead_letters
        ),
        acknowledgements_seen=bool(history.of(Acknowledged) or history.of(Rejected)),
        samples=samples,
        without_queue=tuple(_without_queue(samples)),
        machine=tuple(history.of(MachineSeen)),
        connections=_connections(history),
        holds=tuple(_holds(history)),
        clock_error_seconds=_clock_error_seconds(history),
        faults=faults,
        deaths=_deaths(history),
        unread=tuple(unread(history)),
        books=books,
        work=_work(jobs, faults),
        unbalanced=tuple(_disagreements(history, records, books)),
    )


def _without_queue(samples: Iterable[QueueSeen]) -> Iterator[tuple[float, float]]:
    """Yield the time from each look to the next in which there was no job queue.

    Both have missed it, and so has one more: a look has the time of its end, so the
    second may have begun before what was published until then.
    """
    missing: dict[float, bool] = {}
    for seen in samples:
        if not seen.dead_letters:
            missing[seen.time] = missing.get(seen.time, True) and seen.missing
    times = sorted(missing)
    for look, following, one_more in zip(times, times[1:], times[2:], strict=False):
        if missing[look] and missing[following] and missing[one_more]:
            yield look, following


def _deaths(history: History) -> tuple[ChildDied | ContainerEnded, ...]:
    deaths: tuple[ChildDied | ContainerEnded, ...]
    deaths = (*history.of(ChildDied), *history.of(ContainerEnded))
    return tuple(sorted(deaths, key=lambda death: death.time))


def _holds(history: History) -> Iterator[Hold]:
    """Pair each arrival with its leaving: there is one of each at a point."""
    left = {
        (event.container, event.process, event.point, event.nth): event.time
        for event in history.of(BreakpointLeft)
    }
    for event in history.of(BreakpointReached):
        who = (event.container, event.process, event.point, event.nth)
        yield Hold(
            container=event.container,
            process=event.process,
            job=event.job,
            start=event.time,
            stop=left.get(who, float("inf")),
        )


def _connections(history: History) -> dict[int, tuple[DatabaseConnected, ...]]:
    opened: defaultdict[int, list[DatabaseConnected]] = defaultdict(list)
    for event in history.of(DatabaseConnected):
        opened[event.backend_pid].append(event)
    return {backend: tuple(events) for backend, events in opened.items()}


def _clock_error_seconds(history: History) -> float:
    """Add up what each ledger's clock may be wrong by."""
    errors: dict[Ledger, float] = {}
    for clock in history.of(Clock):
        errors[clock.ledger] = max(clock.error_seconds, errors.get(clock.ledger, 0.0))
    return sum(errors.values())


def _gather(history: History) -> dict[str, dict[str, list[Any]]]:
    """Put each event under its field and key; strangers under a name of their own."""
    names = _names(history)
    former = _former_names(history, names)
    jobs = {each.task: each.job for each in history.of(PublishBegun) if each.job}
    gathered: dict[str, dict[str, list[Any]]] = {}
    for kind, field in FIELDS.items():
        has_key = kind in (SubmitBegun, SubmitEnded, PollEnded)
        under: defaultdict[str, list[Any]] = defaultdict(list)
        event: Any
        for event in history.of(kind):
            if has_key:
                under[event.key].append(event)
                continue
            job = event.job
            if job is None:  # nobody could read the message: its task tells
                job = jobs.get(getattr(event, "task", ""))
            if job is not None:
                name, until = former.get(job, ("", 0.0))
                if event.time >= until:
                    name = names.get(job) or f"(job {job} without a key)"
                under[name].append(event)
        gathered[field] = under
    return gathered


def _names(history: History) -> dict[int, str]:
    """Map each job's id to its key: the database's word goes before an answer's."""
    names: dict[int, str] = {}
    for row in history.of(Row):
        if row.key is not None:
            names.setdefault(row.job, row.key)
    for change in history.of(Transition):
        if change.key is not None:
            names.setdefault(change.job, change.key)
    for answer in history.of(SubmitEnded):
        if answer.job is not None:
            names.setdefault(answer.job, answer.key)
    return names


def _former_names(
    history: History, names: dict[int, str]
) -> dict[int, tuple[str, float]]:
    """Map a job's id that was given twice to who had it first, and until when.

    A crash that takes back commits takes back ids, too. Who was told of one before its
    later owner had even asked had it first.
    """
    asked: dict[str, float] = {}
    for begun in history.of(SubmitBegun):
        asked[begun.key] = min(begun.time, asked.get(begun.key, begun.time))
    former: dict[int, tuple[str, float]] = {}
    for answer in sorted(history.of(SubmitEnded), key=lambda event: event.time):
        if answer.job is None:
            continue
        owner = names[answer.job]
        until = asked.get(owner, 0.0)
        if answer.key != owner and answer.time < until:
            former[answer.job] = (answer.key, until)
    return former


def _record(
    key: str, gathered: dict[str, dict[str, list[Any]]], *, asked: bool
) -> JobRecord:
    facts: dict[str, Any] = {}
    for field, under in gathered.items():
        events = under.get(key)
        if events is None:
            continue
        if len(events) > 1:
            same = _SAME.get(field)
            if same is None:
                events = list(dict.fromkeys(events))
            else:
                events = list({same(event): event for event in events}.values())
        if field == "transitions":
            events.sort(key=_SAME[field])
        facts[field] = tuple(events)
    outcome = (
        _outcome(facts.get("begun", ()), facts.get("ended", ())) if asked else None
    )
    return JobRecord(key=key, asked=asked, outcome=outcome, **facts)


def _outcome(
    begun: Sequence[SubmitBegun], ended: Sequence[SubmitEnded]
) -> Outcome | None:
    """Combine the requests of one key; a request that never ended may have happened."""
    outcomes = {event.outcome for event in ended}
    if "ok" in outcomes:
        return "ok"
    if "indefinite" in outcomes or len(ended) < len(begun):
        return "indefinite"
    return "failed"


# --- the books ----------------------------------------------------------------


def _count(jobs: Iterable[JobRecord]) -> Books:
    fates: Counter[Fate] = Counter()
    accepted = recovered = asked = 0
    for record in jobs:
        fate = record.fate
        fates[fate] += 1
        asked += 1
        accepted += record.accepted
        recovered += not record.accepted and fate not in ("refused", "vanished")
    return Books(
        asked=asked,
        accepted=accepted,
        recovered=recovered,
        **{fate: fates[fate] for fate in FATES},
    )


def _disagreements(
    history: History, records: Sequence[JobRecord], books: Books
) -> Iterator[str]:
    """Compare the fold with totals counted from the ledgers apart from it."""
    begun = {event.key for event in history.of(SubmitBegun)}
    keys = begun | {event.key for event in history.of(SubmitEnded)}
    ended = history.of(SubmitEnded)
    accepted = {event.key for event in ended if event.outcome == "ok"}
    rows = {event.job for event in history.of(Row)}
    effects = {event.effect for event in history.of(EffectSeen)}
    pairs: Mapping[str, tuple[int, int]] = {
        "accepted and recovered keys / their fates": (
            books.accepted + books.recovered,
            books.ended,
        ),
        "keys asked for / keys with a fate": (
            books.asked,
            books.ended + books.refused + books.vanished,
        ),
        "keys in the client ledger / in the books": (len(keys), books.asked),
        "keys answered ok / accepted": (len(accepted), books.accepted),
        "rows in the database / in the records": (
            len(rows),
            sum(len(record.rows) for record in records),
        ),
        "effects in the database / in the records": (
            len(effects),
            sum(len(record.effects) for record in records),
        ),
    }
    for name, (left, right) in pairs.items():
        if left != right:
            yield f"{name}: {left} and {right}"


def _work(jobs: Sequence[JobRecord], faults: Sequence[FaultTimes]) -> Work:
    """Count what the floors ask for; only the workload's own jobs earn anything."""
    own = [
        record
        for record in jobs
        if any(event.purpose == "workload" for event in record.begun)
    ]
    operations = [event for record in own for event in record.begun]
    answers = [event for record in own for event in record.ended]
    clear = sum(1 for event in answers if event.outcome != "indefinite")
    in_window = {}
    for fault in faults:
        if fault.confirmed is None or fault.healed is None:
            continue
        start, stop = fault.confirmed, fault.healed
        begun = sum(1 for event in operations if start <= event.time <= stop)
        running = sum(
            1
            for record in own
            if record.entered
            for attempt in record.attempts()
            if attempt.entered.time <= stop and attempt.until >= start
        )
        in_window[fault.name] = begun + running
    return Work(
        operations=len(operations),
        accepted=sum(1 for record in own if record.accepted),
        finished=sum(
            1 for record in own if any(row.status == "finished" for row in record.rows)
        ),
        indefinite=max(0, len(operations) - clear),
        in_window=in_window,
    )
