"""One job as all ledgers know it, and the fate that follows from it.

It exists so that "what became of this job" is answered in one place, by rules that
read a record and nothing else. The fates are those of `judging.md` §4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Any, Literal, get_args

from harness.history import (
    Acknowledged,
    AnyEvent,
    ApiSeen,
    AttemptEntered,
    AttemptLeft,
    BreakpointLeft,
    BreakpointReached,
    DeadLettered,
    Delivered,
    EffectSeen,
    Event,
    Outcome,
    Owed,
    PollEnded,
    PublishBegun,
    PublishEnded,
    Rejected,
    ResultSeen,
    Row,
    SubmitBegun,
    SubmitEnded,
    TaskEnded,
    Transition,
)

Fate = Literal[
    "refused",
    "vanished",
    "lost",
    "stuck",
    "more_than_once",
    "dead_lettered",
    "once",
]
FATES: tuple[Fate, ...] = get_args(Fate)
TERMINAL = frozenset(("finished", "failed"))


# The ledgers' events about jobs, and the field of a record that holds each.
FIELDS: Mapping[type[Event], str] = {
    SubmitBegun: "begun",
    SubmitEnded: "ended",
    PollEnded: "polls",
    Row: "rows",
    Transition: "transitions",
    EffectSeen: "effects",
    Owed: "owed",
    ResultSeen: "results_seen",
    ApiSeen: "api_seen",
    PublishBegun: "publishes_begun",
    PublishEnded: "publishes_ended",
    Delivered: "deliveries",
    AttemptEntered: "entered",
    AttemptLeft: "left",
    DeadLettered: "dead_letters",
    TaskEnded: "tasks_ended",
    Acknowledged: "acknowledged",
    Rejected: "rejected",
    BreakpointReached: "held",
    BreakpointLeft: "let_go",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One entry into a job's body, and how it was left (None: it never was)."""

    entered: AttemptEntered
    left: AttemptLeft | None

    @property
    def until(self) -> float:
        """Return when it was left; an attempt that never was has no end."""
        return self.left.time if self.left else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """All that the ledgers know of one submission key, each ledger in its order.

    `outcome` is the submission's: any ok gives ok, else any indefinite (or any
    request without an end) gives indefinite, else failed; None for a stranger.
    `key` of a stranger without one is made of its job's id.
    """

    key: str
    asked: bool
    outcome: Outcome | None = None
    begun: tuple[SubmitBegun, ...] = ()
    ended: tuple[SubmitEnded, ...] = ()
    polls: tuple[PollEnded, ...] = ()
    rows: tuple[Row, ...] = ()
    transitions: tuple[Transition, ...] = ()
    effects: tuple[EffectSeen, ...] = ()
    owed: tuple[Owed, ...] = ()
    results_seen: tuple[ResultSeen, ...] = ()
    api_seen: tuple[ApiSeen, ...] = ()
    publishes_begun: tuple[PublishBegun, ...] = ()
    publishes_ended: tuple[PublishEnded, ...] = ()
    deliveries: tuple[Delivered, ...] = ()
    entered: tuple[AttemptEntered, ...] = ()
    left: tuple[AttemptLeft, ...] = ()
    dead_letters: tuple[DeadLettered, ...] = ()
    tasks_ended: tuple[TaskEnded, ...] = ()
    acknowledged: tuple[Acknowledged, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    held: tuple[BreakpointReached, ...] = ()
    let_go: tuple[BreakpointLeft, ...] = ()

    @property
    def runs(self) -> int:
        """Count attempts: bodies entered (a lost line of one is seen by its end)."""
        return max(len(self.entered), len(self.left))

    @property
    def accepted(self) -> bool:
        """Say whether the client holds a promise for this key."""
        return self.outcome == "ok"

    @property
    def answered(self) -> str:
        """Say in words what the client was told: "answered 500, then 201"."""
        told = [
            str(event.status) if event.status else "nothing"
            for event in sorted(self.ended, key=lambda event: event.nth)
        ]
        if not set(told) - {"nothing"}:
            return "not answered"
        return "answered " + ", then ".join(answer for answer, _ in groupby(told))

    @property
    def in_database(self) -> bool:
        """Say whether the database ever knew the job."""
        return bool(self.rows or self.transitions or self.effects or self.owed)

    @property
    def in_attempts(self) -> bool:
        """Say whether a worker ever had the job; a publish alone is no job."""
        return bool(
            self.runs or self.deliveries or self.tasks_ended or self.dead_letters
        )

    @property
    def started(self) -> bool:
        """Say whether the job ever started: a body entered, or a row that said so."""
        return bool(
            self.runs
            or any(row.status == "started" for row in self.rows)
            or any(change.new == "started" for change in self.transitions)
        )

    @property
    def terminal(self) -> bool:
        """Say whether every row of the key has ended."""
        return all(row.status in TERMINAL for row in self.rows)

    @property
    def ended_at(self) -> float | None:
        """Return when the last of the key's rows ended, None if one has not."""
        if not self.terminal:
            return None
        ends = [change.time for change in self.transitions if change.new in TERMINAL]
        return max(ends, default=None)

    @property
    def jobs(self) -> tuple[int, ...]:
        """Return the ids of all jobs that go by this key, in order."""
        ids = {event.job for event in self.rows}
        ids |= {event.job for event in self.transitions}
        ids |= {event.job for event in self.entered}
        ids |= {event.job for event in self.ended if event.job is not None}
        return tuple(sorted(ids))

    @property
    def stored(self) -> frozenset[int]:
        """Return the ids of the jobs that the database ever had a row of."""
        rows = {event.job for event in self.rows}
        return frozenset(rows | {event.job for event in self.transitions})

    @property
    def taken_back(self) -> bool:
        """Say whether its row was committed, and is gone with all that told of it.

        So a crash does, where commits are acknowledged that are not on disk. Who looked
        at the job has seen its row, and what is not committed nobody else sees.
        """
        seen = any(event.seen is not None for event in self.polls)
        return seen and not self.stored

    @property
    def fate(self) -> Fate:
        """Return where the key ended: the first of `judging.md` §4 that matches."""
        seen = self.in_database or self.in_attempts
        if not seen and not self.accepted:
            return "refused" if self.outcome == "failed" else "vanished"
        if not self.rows:
            return "lost"
        if not self.terminal:
            return "stuck"
        if len(self.effects) > 1 or len(self.rows) > 1:
            return "more_than_once"
        return "dead_lettered" if self.went_to_dead_letters else "once"

    @property
    def went_to_dead_letters(self) -> bool:
        """Say whether the job failed by way of the dead-letter path.

        The consumer of that path says so, or the row went from pending to failed.
        """
        if any(row.status != "failed" for row in self.rows):
            return False
        last = self.transitions[-1] if self.transitions else None
        return bool(self.dead_letters) or (last is not None and last.old == "pending")

    def each_job(self) -> tuple["JobRecord", ...]:
        """Return a record for each job of the key: one may be done, another not."""
        jobs = self.jobs
        return (self,) if len(jobs) < 2 else tuple(self._only(job) for job in jobs)

    def each_open(self) -> tuple["JobRecord", ...]:
        """Return a record for each job of the key whose row has not ended."""
        if self.terminal:
            return ()
        return tuple(record for record in self.each_job() if not record.terminal)

    def _only(self, job: int) -> "JobRecord":
        """Return the record with one job's events only, and what its client was told.

        An answer that names the job tells of it, and of no other; where there is none,
        those tell of it that name no job.
        """
        tasks = {each.task for each in self.publishes_begun if each.job == job}
        kept: dict[str, Any] = {
            field: tuple(
                event
                for event in getattr(self, field)
                if event.job == job
                or (event.job is None and getattr(event, "task", "") in tasks)
            )
            for kind, field in FIELDS.items()
            if kind not in (SubmitBegun, SubmitEnded)
        }
        told = tuple(each for each in self.ended if each.job == job)
        told = told or tuple(each for each in self.ended if each.job is None)
        return replace(self, ended=told, **kept)

    def attempts(self) -> tuple[Attempt, ...]:
        """Pair each leaving with the last entry of the same process before it."""
        ends: dict[AttemptEntered, AttemptLeft] = {}
        for left in self.left:
            entries = [e for e in self.entered if e not in ends and _left_by(e, left)]
            if entries:
                ends[entries[-1]] = left
        return tuple(Attempt(entered=e, left=ends.get(e)) for e in self.entered)

    def events(self) -> tuple[AnyEvent, ...]:
        """Return all events of the job by time; database changes keep their order."""
        times = accumulate((change.time for change in self.transitions), max)
        changes = zip(times, self.transitions, strict=True)
        timed: list[tuple[float, AnyEvent]] = [*changes]
        for field in FIELDS.values():
            if field != "transitions":
                timed += [(event.time, event) for event in getattr(self, field)]
        return tuple(event for _, event in sorted(timed, key=itemgetter(0)))


def _left_by(entered: AttemptEntered, left: AttemptLeft) -> bool:
    return (
        (entered.job, entered.container, entered.process)
        == (left.job, left.container, left.process)
    ) and entered.time <= left.time
