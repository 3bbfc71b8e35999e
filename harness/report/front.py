"""The report's first screen: the numbers, what is worst, the matrix, the guarantees.

It exists so that what a reader sees first is made in one place, of plain values that a
test can read. It reads results.json and decides nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.report.results import CellResult, GuaranteeResult, RunResult
from harness.verdict import CellVerdict, Verdict

RECOVERY = "recovers_in_time"

# The four groups of guarantees, worst first, and a harmed job in a word.
HARM: Mapping[str, str] = {
    "lost tasks": "lost or stuck",
    "acks-late retries": "repeated",
    "job state consistency": "wrong state",
    "service": "late",
}


# --- the numbers on top -------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One of the six numbers on top: what it counts, and whether it is bad news.

    `beside` is what must not be mixed into it, or what it is measured against.
    """

    value: str
    label: str
    beside: str = ""
    bad: bool = False


def numbers(result: RunResult) -> tuple[Number, ...]:
    """Return the six numbers; harm that breaks a promise apart from other harm."""
    cells = [cell for cell in result.cells if cell.verdict is not CellVerdict.NONE]
    broke = sum(1 for cell in cells if cell.verdict is CellVerdict.BROKE)
    weak = sum(1 for cell in cells if cell.verdict is CellVerdict.WEAKNESS)
    none = len(result.cells) - len(cells)
    accepted = sum(cell.accounting.accepted for cell in cells)
    return (
        Number(
            value=str(broke),
            label="cells that broke a promise",
            beside=f"of {len(result.cells)}; {weak} more with unpromised harm",
            bad=broke > 0,
        ),
        _harm(cells, "lost tasks", "lost or stuck jobs against a promise"),
        _harm(cells, "acks-late retries", "repeated jobs against a promise"),
        _recovery(cells),
        Number(
            value=str(none),
            label="cells without a verdict",
            beside=f"{len(result.not_run)} did not run" if result.not_run else "",
        ),
        Number(value=f"{accepted:,}", label="jobs accepted", beside="in judged cells"),
    )


def _harm(cells: Iterable[CellResult], group: str, label: str) -> Number:
    promised = unpromised = 0
    for cell in cells:
        promised += len(harmed(cell, group, promised=True))
        unpromised += len(harmed(cell, group, promised=False))
    return Number(
        value=str(promised),
        label=label,
        beside=f"{unpromised} more that no promise covers",
        bad=promised > 0,
    )


def harmed(cell: CellResult, group: str, *, promised: bool | None = None) -> set[str]:
    """Return the jobs that a guarantee of the group was not kept for."""
    return {
        key
        for found in cell.guarantees.values()
        if found.group == group and promised in (None, found.judged_as_promised)
        for anomaly in found.anomalies
        for key in anomaly.jobs
    }


def _recovery(cells: Sequence[CellResult]) -> Number:
    slowest, cell = max(
        ((c.recovery_seconds, c) for c in cells if c.recovery_seconds is not None),
        key=lambda pair: pair[0],
        default=(None, None),
    )
    if slowest is None or cell is None:
        return Number(value="–", label="slowest recovery after a fault")
    missed = [each for each in cells if misses_its_limit(each)]
    return Number(
        value=f"{slowest:.1f} s",
        label="slowest recovery after a fault",
        beside=f"{cell.scenario} × {cell.design}, {limit_of(cell)}",
        bad=any(each.verdict is CellVerdict.BROKE for each in missed),
    )


def limit_of(cell: CellResult) -> str:
    """Say within how many seconds the cell's design must recover, and by whose word."""
    found = cell.guarantees.get(RECOVERY)
    if found is None or found.within_seconds is None:
        return "no limit"
    return f"at most {found.within_seconds:g} s" + (
        "" if found.promised else ", not promised"
    )


def misses_its_limit(cell: CellResult) -> bool:
    """Say whether the cell was judged not to have recovered in time."""
    found = cell.guarantees.get(RECOVERY)
    return found is not None and found.verdict is Verdict.INVALID


# --- what is worst ------------------------------------------------------------


def worst_first(cells: Iterable[CellResult], verdict: CellVerdict) -> list[CellResult]:
    """Return the cells of a verdict: most lost first, then repeated, wrong, late."""
    found = [cell for cell in cells if cell.verdict is verdict]
    promised = verdict is CellVerdict.BROKE or None

    def weight(cell: CellResult) -> list[int]:
        return [-len(harmed(cell, group, promised=promised)) for group in HARM]

    return sorted(found, key=weight)


def seen(cell: CellResult, *, promised: bool | None = None) -> str:
    """Say in a few words what harm a cell shows."""
    return " · ".join(
        anomaly.sentence
        for found in cell.guarantees.values()
        if promised in (None, found.judged_as_promised)
        for anomaly in found.anomalies
    )


def against(cell: CellResult) -> str:
    """Name the guarantees that a cell broke though its design promises them."""
    broken = [
        name
        for name, found in cell.guarantees.items()
        if found.judged_as_promised and found.verdict is Verdict.INVALID
    ]
    if cell.baseline:
        return f"{', '.join(broken)} in the baseline, where nothing may break"
    return f"promised {', '.join(broken)}"


# --- the matrix ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One design's row of the matrix: what it promises, and a cell per scenario."""

    design: str
    promises: tuple[str, ...]
    cells: tuple[CellResult | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Designs × scenarios; the baseline comes first, it must be clean."""

    scenarios: tuple[str, ...]
    rows: tuple[Row, ...]


def matrix(result: RunResult) -> Matrix:
    """Lay the cells out, those that did not run as None."""
    cells = {(cell.scenario, cell.design): cell for cell in result.cells}
    named = [*cells, *((each.scenario, each.design) for each in result.not_run)]
    baselines = {cell.scenario for cell in result.cells if cell.baseline}
    scenarios = sorted(
        dict.fromkeys(scenario for scenario, _ in named),
        key=lambda scenario: scenario not in baselines,
    )
    rows = []
    for design in dict.fromkeys(design for _, design in named):
        row = tuple(cells.get((scenario, design)) for scenario in scenarios)
        promises = dict.fromkeys(
            name for cell in row if cell is not None for name in promised_by(cell)
        )
        rows.append(Row(design=design, promises=tuple(promises), cells=row))
    return Matrix(scenarios=tuple(scenarios), rows=tuple(rows))


def promised_by(cell: CellResult) -> tuple[str, ...]:
    """Return the guarantees that the cell's design promises."""
    return tuple(name for name, found in cell.guarantees.items() if found.promised)


def counts(cell: CellResult) -> list[str]:
    """Return a cell's harm in counts, worst first, and what a fault explains."""
    if cell.verdict is CellVerdict.NONE:
        return []
    said = []
    for group, word in HARM.items():
        count = len(harmed(cell, group))
        if count:
            said.append(f"{count} {word}")
    excused = {
        key
        for found in cell.guarantees.values()
        for anomaly in found.excused
        for key in anomaly.jobs
    }
    if excused:
        said.append(f"{len(excused)} rerun, explained")
    return said


# --- by guarantee -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How often a design held a guarantee: in `held` of `known` scenarios.

    `broken` are the cells that did not, `unknown` counts those that cannot say.
    `excused` counts the jobs that a fault explains.
    """

    promised: bool
    held: int
    known: int
    unknown: int
    excused: int
    broken: tuple[CellResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Designs × guarantees over all scenarios; `groups` are (group, how many)."""

    groups: tuple[tuple[str, int], ...]
    guarantees: Mapping[str, str]
    designs: Mapping[str, tuple[Held, ...]]


def overview(result: RunResult) -> Overview:
    """Count for each design and guarantee in how many scenarios it held."""
    found: dict[str, GuaranteeResult] = {}
    for cell in result.cells:
        found = {**cell.guarantees, **found}
    # Guarantees of a group stand side by side, in the order of the groups.
    order = list(dict.fromkeys((*HARM, *(each.group for each in found.values()))))
    found = dict(sorted(found.items(), key=lambda item: order.index(item[1].group)))
    groups: dict[str, int] = {}
    for each in found.values():
        groups[each.group] = groups.get(each.group, 0) + 1
    designs = dict.fromkeys(cell.design for cell in result.cells)
    return Overview(
        groups=tuple(groups.items()),
        guarantees={name: each.sentence for name, each in found.items()},
        designs={
            design: tuple(
                _held(name, [c for c in result.cells if c.design == design])
                for name in found
            )
            for design in designs
        },
    )


def _held(name: str, cells: Iterable[CellResult]) -> Held:
    judged = list(_judged(name, cells))
    known = [verdict for _, verdict, _ in judged if verdict is not Verdict.UNKNOWN]
    return Held(
        promised=any(promised for _, _, promised in judged),
        held=sum(1 for verdict in known if verdict is Verdict.VALID),
        known=len(known),
        unknown=len(judged) - len(known),
        excused=sum(
            len(anomaly.jobs)
            for cell, _, _ in judged
            if name in cell.guarantees
            for anomaly in cell.guarantees[name].excused
        ),
        broken=tuple(cell for cell, verdict, _ in judged if verdict is Verdict.INVALID),
    )


def _judged(
    name: str, cells: Iterable[CellResult]
) -> Iterator[tuple[CellResult, Verdict, bool]]:
    """Yield each cell with the guarantee's verdict; no verdict of a cell is unknown."""
    for cell in cells:
        found = cell.guarantees.get(name)
        if found is None:
            yield cell, Verdict.UNKNOWN, False
        elif cell.verdict is CellVerdict.NONE and found.verdict is Verdict.VALID:
            yield cell, Verdict.UNKNOWN, found.promised
        else:
            yield cell, found.verdict, found.promised
