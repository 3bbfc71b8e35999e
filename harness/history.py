"""The waist: one line of JSON for everything that happened in a cell of a run.

It exists so that doing and judging meet in one place and nowhere else: the doing
half appends events, the judging half reads them, next year as well as today. If it
is not in the history, it did not happen.

A history is a file of JSON Lines. Its first event is `cell` (what was asked for),
its last is `end`. Lines may stand in any order in between and may be repeated:
readers order by `time` (monotonic seconds) and, among database changes, by
`sequence`. Every ledger closes with a `ledger_end`; what is proved by absence
counts only where that marker was read.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar, cast

import msgspec

SCHEMA_VERSION = 1

Outcome = Literal["ok", "failed", "indefinite"]
Ledger = Literal["client", "database", "attempts", "broker"]
LEDGERS: tuple[Ledger, ...] = ("client", "database", "attempts", "broker")


def _tag(name: str) -> str:
    """Give `SubmitBegun` the kind `submit_begun`."""
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class Event(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=_tag, gc=False
):
    """One thing that happened, at `time` (seconds, CLOCK_MONOTONIC)."""

    time: float


# --- what was asked for -------------------------------------------------------


class Floors(msgspec.Struct, frozen=True, kw_only=True):
    """The least work that earns a verdict (`judging.md` §6)."""

    operations: int = 100
    accepted: int = 50
    finished: int = 50
    fault_window: int = 20
    baseline_indefinite_share: float = 0.01


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One guarantee that a design says it keeps, with its limit if it has one."""

    within_seconds: float | None = None


class FaultAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A fault as the scenario states it: `name` is unique within the scenario."""

    name: str
    type: str
    sentence: str


class Cell(Event, frozen=True):
    """The first event: all that judging may know of scenario, design and run.

    `wall` is seconds since the epoch at `time`. `lane` is the lane's name, which is the
    design's own where none is written; `celery` is the version that was asked for, or
    the app's own, "" where nobody wrote it down. `lanes` are all that the scenario was
    conducted in; `bites` says which anomalies must show in which designs,
    and `bites_in` with which versions of Celery, and with which they must not. `limits`
    are seconds by guarantee, for a design that does not promise it.
    `key_prefix` begins every key that this run submitted to this lane.
    `recovery_seconds` is how long the design may need to end open jobs once nothing
    is queued or running.
    """

    schema_version: int
    run: str
    wall: float
    scenario: str
    claim: str
    source: str
    design: str
    design_source: str
    lanes: tuple[str, ...]
    promises: dict[str, Promise]
    bites: dict[str, tuple[str, ...]]
    floors: Floors
    faults: tuple[FaultAsked, ...]
    workload: str
    key_prefix: str
    recovery_seconds: float
    seed: int
    command: str
    versions: dict[str, str]
    lane: str = ""
    celery: str = ""
    bites_in: dict[str, bool] = {}
    limits: dict[str, float] = {}

    def __post_init__(self) -> None:
        if not self.lane:
            msgspec.structs.force_setattr(self, "lane", self.design)


class Phase(Event, frozen=True):
    """A phase of the conductor began: warm_up, workload, settle, final_read."""

    name: str


# --- faults -------------------------------------------------------------------


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe felt on one link or process, and whether the lane used it."""

    on: str
    used: bool
    observed: str
    seconds: float


class FaultInjected(Event, frozen=True):
    """The fault was asked of the stack; it need not bite yet."""

    fault: str


class FaultConfirmed(Event, frozen=True):
    """Probes felt the fault."""

    fault: str
    readings: tuple[Reading, ...]


class FaultHealed(Event, frozen=True):
    """The fault was taken back; `step` names how hard that was."""

    fault: str
    step: str


class FaultVerified(Event, frozen=True):
    """Probes no longer feel the fault."""

    fault: str
    readings: tuple[Reading, ...]


class FaultFailed(Event, frozen=True):
    """The fault was not injected, confirmed, healed or verified, and why."""

    fault: str
    stage: Literal["inject", "confirm", "heal", "verify"]
    because: str


# --- client ledger ------------------------------------------------------------


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """How the job ends if all goes well: its status and result."""

    status: str
    result: int | None = None


class SubmitBegun(Event, frozen=True):
    """A client sent the `nth` request (from 1) for `key`.

    `intended` is when the plan wanted the submission's first request.
    `purpose` is workload, warm_up or sentinel; all are jobs like any other.
    """

    key: str
    nth: int
    intended: float
    purpose: Literal["workload", "warm_up", "sentinel"]
    type: str
    argument: int
    expected: Expected


class SubmitEnded(Event, frozen=True):
    """The request ended. `job` is the id that the answer named, if any."""

    key: str
    nth: int
    outcome: Outcome
    status: int | None = None
    job: int | None = None
    error: str | None = None
    partial: bool = False


class PollEnded(Event, frozen=True):
    """A client looked at its job: `seen` is the job's status, or None on failure."""

    key: str
    job: int
    begun: float
    seen: str | None = None
    error: str | None = None


class ApiSeen(Event, frozen=True):
    """What the API showed of a job at the final read, to whoever asks.

    `time` is when it was asked: the job may have changed since then, not before.
    """

    key: str | None
    job: int
    status: str
    result: int | None


# --- database ledger ----------------------------------------------------------


class Row(Event, frozen=True):
    """A job's row as the final read found it."""

    job: int
    key: str | None
    type: str
    argument: int
    status: str
    result: int | None


class Transition(Event, frozen=True):
    """The trigger saw a job's status change; None stands for "no row".

    `time` is converted from the database's wall clock: order by `sequence`.
    """

    sequence: int
    job: int
    key: str | None
    old: str | None
    new: str | None
    backend_pid: int
    application: str


class EffectSeen(Event, frozen=True):
    """An effect's row as the final read found it."""

    effect: int
    job: int


class Owed(Event, frozen=True):
    """An outbox entry that was still unsent at the final read."""

    job: int


class ResultSeen(Event, frozen=True):
    """What the result backend held of a task at the final read.

    `state` is Celery's (SUCCESS, FAILURE, ...); `result` is None where it is no
    number.
    """

    job: int
    task: str
    state: str
    result: int | None


# --- attempts ledger (the probe's lines) --------------------------------------


class PublishBegun(Event, frozen=True):
    """A process of the app hands a task's message to the client library."""

    job: int | None
    task: str
    process: int
    container: str


class PublishEnded(Event, frozen=True):
    """The hand-over ended: `confirmed` by the broker, merely written, or in error."""

    job: int | None
    task: str
    process: int
    container: str
    confirmed: bool
    error: str | None = None


class Delivered(Event, frozen=True):
    """A worker took the message and Celery started the task."""

    job: int | None
    task: str
    redelivered: bool
    process: int
    container: str


class AttemptEntered(Event, frozen=True):
    """The job's body was entered."""

    job: int
    task: str
    process: int
    container: str


class AttemptLeft(Event, frozen=True):
    """The job's body was left: with a result, or by an error."""

    job: int
    task: str
    process: int
    container: str
    outcome: Literal["returned", "raised"]
    error: str | None = None


class DeadLettered(Event, frozen=True):
    """The design's dead-letter consumer took the job's message from `queue`."""

    job: int
    queue: str


class TaskEnded(Event, frozen=True):
    """Celery's task ended in the pool child, in `state` (SUCCESS, RETRY, ...).

    `keeps_result` says that the result backend is to hold its result, for ten minutes
    at least: longer than a scenario takes.
    """

    job: int | None
    task: str
    state: str
    process: int
    container: str
    keeps_result: bool = False


class Acknowledged(Event, frozen=True):
    """The worker's main process told the broker that it may forget the message.

    `error` says that it could not be told.
    """

    job: int | None
    task: str
    delivery_tag: str
    process: int
    container: str
    error: str | None = None


class Rejected(Event, frozen=True):
    """The worker's main process gave the message back, to be queued again or not."""

    job: int | None
    task: str
    delivery_tag: str
    requeue: bool
    process: int
    container: str
    error: str | None = None


class ChildBorn(Event, frozen=True):
    """A pool child of a worker began to live."""

    process: int
    container: str


class ChildDied(Event, frozen=True):
    """The worker's main process `process` found that `child` had exited."""

    child: int
    exitcode: int
    process: int
    container: str


class DatabaseConnected(Event, frozen=True):
    """A process of the app opened a connection: Postgres serves it by `backend_pid`."""

    backend_pid: int
    process: int
    container: str


class BreakpointReached(Event, frozen=True):
    """The `nth` arrival (from 1) at a named point began to wait there."""

    point: str
    nth: int
    job: int | None
    process: int
    container: str


class BreakpointLeft(Event, frozen=True):
    """The wait at a breakpoint ended: it was released, or had lasted too long."""

    point: str
    nth: int
    job: int | None
    released: bool
    process: int
    container: str


class ProbeFailed(Event, frozen=True):
    """The probe could not see, or not write, something: the ledger has a gap."""

    because: str
    process: int
    container: str


# --- processes ----------------------------------------------------------------


class ContainerEnded(Event, frozen=True):
    """A role's container ended with all its processes, by the harness's hand.

    It ended, once or again and again, between `time`, just before that was asked, and
    `gone`, just before it was to live again.
    """

    container: str
    gone: float
    because: str


# --- the machine --------------------------------------------------------------


class MachineSeen(Event, frozen=True):
    """What share of its CPU time the machine had to spare since `since`, from 0 to 1.

    It is the harness's machine, which is the engine's, too, where that is local.
    """

    since: float
    idle: float


# --- broker ledger ------------------------------------------------------------


class QueueSeen(Event, frozen=True):
    """A queue's counts; `final` marks the exact read at the end.

    `missing` says that an earlier look at the broker found it, and this one did not.
    """

    queue: str
    ready: int
    unacknowledged: int
    consumers: int
    final: bool = False
    dead_letters: bool = False
    missing: bool = False


# --- how it ended -------------------------------------------------------------


class Clock(Event, frozen=True):
    """A ledger's clock: add `offset` to its seconds to get ours, give or take `error`.

    It was read at `time`.
    """

    ledger: Ledger
    offset_seconds: float
    error_seconds: float


class Settled(Event, frozen=True):
    """Settling ended: `complete` if nothing was queued, running or owed.

    `open_jobs` counts rows that are not terminal, after waiting for the design's
    own recovery limit; they are findings, not a failure to settle.
    """

    complete: bool
    because: str
    open_jobs: int


class LedgerEnd(Event, frozen=True):
    """The marker: this ledger was read to its end and gave `lines` events.

    Fewer events of the ledger than `lines` in a history count as not read.
    """

    ledger: Ledger
    lines: int


class HarnessFailed(Event, frozen=True):
    """The harness itself failed in this cell: it can have no verdict."""

    because: str


class End(Event, frozen=True):
    """The last event: nothing of this cell was left unwritten.

    `events` is how many were written; a history with fewer has lost some.
    """

    events: int


AnyEvent: TypeAlias = (
    Cell
    | Phase
    | FaultInjected
    | FaultConfirmed
    | FaultHealed
    | FaultVerified
    | FaultFailed
    | SubmitBegun
    | SubmitEnded
    | PollEnded
    | Row
    | Transition
    | EffectSeen
    | Owed
    | ResultSeen
    | ApiSeen
    | PublishBegun
    | PublishEnded
    | Delivered
    | AttemptEntered
    | AttemptLeft
    | DeadLettered
    | TaskEnded
    | Acknowledged
    | Rejected
    | ChildBorn
    | ChildDied
    | DatabaseConnected
    | BreakpointReached
    | BreakpointLeft
    | ProbeFailed
    | ContainerEnded
    | MachineSeen
    | QueueSeen
    | Clock
    | Settled
    | LedgerEnd
    | HarnessFailed
    | End
)


# --- the run around the cells: run.json ---------------------------------------


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The machine of a run, without its name."""

    cores: int
    memory_bytes: int
    kernel: str


class NotRun(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that was asked for and never conducted, and why.

    `lane` is the design's own name where none is given.
    """

    scenario: str
    design: str
    because: str
    lane: str = ""

    def __post_init__(self) -> None:
        if not self.lane:
            msgspec.structs.force_setattr(self, "lane", self.design)


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a run this is: the `number`th, from 1.

    `cells` are those of every shard of that run, in order: what a shard that is
    missing would have brought is known from any other.
    """

    number: int
    cells: tuple[tuple[tuple[str, str], ...], ...]

    def __str__(self) -> str:
        return f"{self.number}/{len(self.cells)}"


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`run.json`: what was asked for, with which seed and versions.

    `started_at` is seconds since the epoch; `seconds` is None until the run ended;
    `cells` are pairs of scenario and lane. `harness_error` is None, or one
    sentence that says how the harness failed. `shard` says which part of a run it
    was, if it was one. A merged run keeps the facts of each `merged` one.
    """

    id: str
    seed: int
    started_at: float
    command: str
    seconds: float | None = None
    versions: dict[str, str] = {}
    images: dict[str, str] = {}
    host: Host | None = None
    scenarios: tuple[str, ...] = ()
    designs: tuple[str, ...] = ()
    cells: tuple[tuple[str, str], ...] = ()
    not_run: tuple[NotRun, ...] = ()
    interrupted: bool = False
    harness_error: str | None = None
    shard: Shard | None = None
    merged: tuple["RunFacts", ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def name(self) -> str:
        """What it is called among others that it is merged with."""
        return f"shard {self.shard}" if self.shard is not None else self.id


# Which ledger an event belongs to; a ledger's end marker counts its events.
LEDGER_OF: Mapping[type[Event], Ledger] = {
    **dict.fromkeys((SubmitBegun, SubmitEnded, PollEnded, ApiSeen), "client"),
    **dict.fromkeys((Row, Transition, EffectSeen, Owed, ResultSeen), "database"),
    **dict.fromkeys((PublishBegun, PublishEnded, Delivered), "attempts"),
    **dict.fromkeys((AttemptEntered, AttemptLeft), "attempts"),
    **dict.fromkeys((TaskEnded, DeadLettered, ProbeFailed), "attempts"),
    **dict.fromkeys((Acknowledged, Rejected, ChildBorn, ChildDied), "attempts"),
    **dict.fromkeys((BreakpointReached, BreakpointLeft), "attempts"),
    DatabaseConnected: "attempts",
    QueueSeen: "broker",
}


# --- in and out ---------------------------------------------------------------


_Kind = TypeVar("_Kind", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The events of one cell, ordered by time, and where reading broke off.

    `broken` is None, or a sentence naming the line that could not be read; what
    stands after that line was not read. `lines` are the numbers of the events' lines
    in the file, from 1; empty where the events come from no file.
    """

    events: tuple[AnyEvent, ...]
    broken: str | None = None
    lines: Sequence[int] = field(default=(), repr=False, compare=False)
    _by_kind: dict[type, list[AnyEvent]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for event in self.events:
            self._by_kind.setdefault(type(event), []).append(event)

    def __iter__(self) -> Iterator[AnyEvent]:
        return iter(self.events)

    def of(self, kind: type[_Kind]) -> Sequence[_Kind]:
        """Return the events of one kind, by time; they are sorted out only once."""
        return cast(Sequence[_Kind], self._by_kind.get(kind, ()))

    def lines_of(self, events: Collection[AnyEvent]) -> Mapping[AnyEvent, int]:
        """Return the line of each of these events of ours: where the evidence is."""
        asked = {id(event) for event in events}
        numbered = zip(self.events, self.lines, strict=False)
        return {event: line for event, line in numbered if id(event) in asked}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """Return the event as one line, newline included."""
    return _encoder.encode(event) + b"\n"


def parse(lines: Iterable[bytes]) -> History:
    """Read events up to the first line that is not one, and say where it broke."""
    events: list[AnyEvent] = []
    broken = None
    for number, line in enumerate(lines, start=1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("the line is cut off")
            events.append(_decoder.decode(line))
        except (ValueError, RecursionError) as error:
            broken = f"line {number} cannot be read ({error}); reading stopped there"
            break
    order = list(_in_order(events))
    return History(
        events=tuple(events[index] for index in order),
        broken=broken,
        lines=array("I", (index + 1 for index in order)),
    )


def _in_order(events: Sequence[AnyEvent]) -> Iterator[int]:
    """Give where the events stand by time; those of one instant always the same way."""
    places = sorted(range(len(events)), key=lambda place: events[place].time)
    for _, group in groupby(places, key=lambda place: events[place].time):
        instant = list(group)
        if len(instant) > 1:
            instant.sort(key=lambda place: encode(events[place]))
        yield from instant


def read(path: Path) -> History:
    """Read a history file. Raises OSError where there is none."""
    with path.open("rb") as lines:
        return parse(lines)


def schema() -> dict[str, object]:
    """Return the JSON Schema of one line of a history."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of history.jsonl",
        **msgspec.json.schema(AnyEvent),
    }


def run_schema() -> dict[str, object]:
    """Return the JSON Schema of run.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "run.json",
        **msgspec.json.schema(RunFacts),
    }
