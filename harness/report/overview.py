"""The overview: which guarantee each design held, over all scenarios of a run.

It exists to help choose a design. One number for a design would hide what its reader
needs: which scenario broke which guarantee.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.report.front import GROUPS
from harness.report.matrix import Column, column
from harness.report.results import CellResult, GuaranteeResult, RunResult
from harness.verdict import CellVerdict, Verdict


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
class Row:
    """One guarantee with its sentence, and how each design held it."""

    guarantee: str
    sentence: str
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Guarantees × lanes over all scenarios, gathered by the groups they are in."""

    columns: tuple[Column, ...]
    groups: Mapping[str, tuple[Row, ...]]
    scenarios: int
    baseline: bool


def overview(result: RunResult) -> Overview:
    """Count for each design and guarantee in how many scenarios it held."""
    found: dict[str, GuaranteeResult] = {}
    for cell in result.cells:
        found = {**cell.guarantees, **found}
    lanes = dict.fromkeys(cell.lane for cell in result.cells)
    cells = {name: [c for c in result.cells if c.lane == name] for name in lanes}
    groups: dict[str, tuple[Row, ...]] = dict.fromkeys(GROUPS, ())
    for name, each in found.items():
        held = tuple(_held(name, its) for its in cells.values())
        row = Row(guarantee=name, sentence=each.sentence, held=held)
        groups[each.group] = (*groups.get(each.group, ()), row)
    return Overview(
        columns=tuple(column(lane, its) for lane, its in cells.items()),
        groups={group: rows for group, rows in groups.items() if rows},
        scenarios=len({cell.scenario for cell in result.cells}),
        baseline=any(cell.baseline for cell in result.cells),
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
