"""What a verdict has earned: which evidence of a cell is there, and what is missing.

It exists because a verdict must be earned: by enough work, by faults that a probe
felt on a link that the lane used, by heals that were verified, by ledgers that were
read to their markers. What is missing is said in sentences, and takes `valid` away
(`judging.md` §6).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, get_args

from harness.history import (
    LEDGER_OF,
    LEDGERS,
    SCHEMA_VERSION,
    Cell,
    End,
    FaultConfirmed,
    FaultFailed,
    FaultHealed,
    FaultInjected,
    FaultVerified,
    HarnessFailed,
    History,
    Ledger,
    LedgerEnd,
    ProbeFailed,
    Reading,
    Settled,
)
from harness.verdict import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTimes:
    """One fault as it went: its four times (None where it did not come so far).

    `problem` is None, or why the fault earns this cell nothing.
    """

    name: str
    type: str
    sentence: str
    asked: float | None = None
    confirmed: float | None = None
    healed: float | None = None
    verified: float | None = None
    readings: tuple[Reading, ...] = ()
    problem: str | None = None

    def lies_over(self, start: float, stop: float) -> bool:
        """Say whether the fault may have been there at any time in between."""
        if self.asked is None:
            return False
        until = float("inf") if self.verified is None else self.verified
        return self.asked <= stop and start <= until


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How much was asked for and done, to be held against the floors.

    Operations are requests that submit a job; warm-up and sentinels earn nothing.
    `in_window` counts, for each fault, the operations begun and the attempts running
    between its confirmation and its heal.
    """

    operations: int
    accepted: int
    finished: int
    indefinite: int
    in_window: Mapping[str, int]


_Fault: TypeAlias = (
    FaultInjected | FaultConfirmed | FaultHealed | FaultVerified | FaultFailed
)


def fault_times(history: History, cell: Cell) -> tuple[FaultTimes, ...]:
    """Read how each fault went: those asked for first, then any that no one named."""
    events: dict[str, list[_Fault]] = {each.name: [] for each in cell.faults}
    for kind in get_args(_Fault):
        for event in history.of(kind):
            events.setdefault(event.fault, []).append(event)
    asked = {each.name: each for each in cell.faults}
    times = []
    for name, its in events.items():
        fault = _times(name, its)
        if name in asked:
            words = asked[name]
            fault = replace(fault, type=words.type, sentence=words.sentence)
            fault = replace(fault, problem=_problem(fault, its))
        else:
            fault = replace(fault, problem="the scenario does not name it")
        times.append(fault)
    return tuple(times)


def _times(name: str, events: Sequence[_Fault]) -> FaultTimes:
    """Read the four times; a heal or check that failed later leaves none verified."""
    injected = [each.time for each in events if isinstance(each, FaultInjected)]
    confirmed = [each for each in events if isinstance(each, FaultConfirmed)]
    healed = [each.time for each in events if isinstance(each, FaultHealed)]
    verified = [
        each.time for each in events if isinstance(each, FaultVerified) if each.readings
    ]
    failed = [
        each.time
        for each in events
        if isinstance(each, FaultFailed) and each.stage in ("heal", "verify")
    ]
    gone = max(verified, default=None)
    if gone is not None and gone < max(failed, default=gone):
        gone = None
    return FaultTimes(
        name=name,
        type="unknown",
        sentence="unknown",
        asked=min(injected, default=None),
        confirmed=min((each.time for each in confirmed), default=None),
        healed=max(healed, default=None),
        verified=gone,
        readings=tuple(
            dict.fromkeys(reading for each in confirmed for reading in each.readings)
        ),
    )


def _problem(fault: FaultTimes, events: Sequence[_Fault]) -> str | None:
    """Return why this fault earns nothing, or None. A later success heals a failure."""
    steps = {
        "inject": fault.asked,
        "confirm": fault.confirmed,
        "heal": fault.healed,
        "verify": fault.verified,
    }
    for failure in (each for each in events if isinstance(each, FaultFailed)):
        reached = steps[failure.stage]
        if reached is None or reached < failure.time:
            return f"it failed to {failure.stage}: {failure.because}"
    if fault.asked is None:
        return "it was never injected"
    if fault.confirmed is None:
        return "no probe confirmed that it bites"
    if not any(reading.used for reading in fault.readings):
        return "it was confirmed on no link or process that this lane used"
    if fault.healed is None:
        return "it was never healed"
    if fault.verified is None:
        return "no probe verified that it is gone"
    if not fault.asked <= fault.confirmed <= fault.healed <= fault.verified:
        return "its times are out of order"
    return None


# --- ledgers ------------------------------------------------------------------


def unread(history: History) -> Mapping[Ledger, str]:
    """Return the ledgers that were not read to their end, and how that shows.

    Without its marker a ledger is not read; with fewer events than the marker says,
    lines of it are gone.
    """
    counted: Counter[Ledger] = Counter()
    for kind, ledger in LEDGER_OF.items():
        counted[ledger] += len(history.of(kind))
    lines: dict[Ledger, int] = {}
    for end in history.of(LedgerEnd):
        lines[end.ledger] = max(end.lines, lines.get(end.ledger, 0))
    found: dict[Ledger, str] = {}
    for ledger in LEDGERS:
        if ledger not in lines:
            found[ledger] = f"the {ledger} ledger was not read to its end"
        elif counted[ledger] < lines[ledger]:
            found[ledger] = (
                f"the {ledger} ledger has {counted[ledger]} of {lines[ledger]} events"
            )
    return found


def _reading_problems(history: History) -> Iterator[str]:
    """Say what keeps the final read from being complete."""
    if history.broken:
        yield history.broken
    written = max((end.events for end in history.of(End)), default=None)
    if written is None:
        yield "the history has no end: not all of it was written"
    elif len(history.events) < written:
        yield f"the history has {len(history.events)} of {written} events"
    yield from unread(history).values()
    for because in dict.fromkeys(each.because for each in history.of(ProbeFailed)):
        yield f"the probe failed: {because}"
    settled = history.of(Settled)
    if not settled:
        yield "the run did not settle"
    elif not settled[-1].complete:
        yield f"the run did not settle: {settled[-1].because}"
    for because in dict.fromkeys(each.because for each in history.of(HarnessFailed)):
        yield f"the harness failed: {because}"


# --- floors -------------------------------------------------------------------


def _below_floors(cell: Cell, work: Work, *, baseline: bool) -> Iterator[str]:
    floors = cell.floors
    for name, count, floor in (
        ("operations", work.operations, floors.operations),
        ("accepted jobs", work.accepted, floors.accepted),
        ("finished jobs", work.finished, floors.finished),
    ):
        if count < floor:
            yield f"too little work: {count} {name}, the floor is {floor}"
    for fault, count in work.in_window.items():
        if count < floors.fault_window:
            yield (
                f"too little work while {fault} was on: {count} operations and"
                f" attempts, the floor is {floors.fault_window}"
            )
    share = work.indefinite / work.operations if work.operations else 0.0
    if baseline and share > floors.baseline_indefinite_share:
        yield (
            f"{work.indefinite} of {work.operations} operations are indefinite;"
            f" a baseline may have {floors.baseline_indefinite_share:.0%}"
        )


def is_baseline(cell: Cell) -> bool:
    """Say whether the cell's scenario is the control: no fault, nothing to bite."""
    return not cell.faults and not cell.bites


def evidence(
    history: History,
    cell: Cell,
    *,
    faults: Sequence[FaultTimes],
    work: Work,
    unbalanced: Sequence[str],
) -> Evidence:
    """Gather all that the cell lacks.

    `unbalanced` says where the books do not balance. Absence proves nothing before
    the final read is complete, and none is while a fault may still be on.
    """
    reading = list(_reading_problems(history))
    missing = list(reading)
    if cell.schema_version != SCHEMA_VERSION:
        missing.append(
            f"the history has schema version {cell.schema_version},"
            f" this harness reads {SCHEMA_VERSION}"
        )
    missing += [f"fault {each.name}: {each.problem}" for each in faults if each.problem]
    missing += _below_floors(cell, work, baseline=is_baseline(cell))
    missing += [f"the books do not balance: {each}" for each in unbalanced]
    still_on = any(each.asked is not None and each.verified is None for each in faults)
    return Evidence(missing=tuple(missing), complete=not reading and not still_on)
