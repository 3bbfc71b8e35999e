"""The matrix: what became of every scenario in every lane.

It exists so that a whole run is seen at once. A row is a scenario and a column a lane,
which is a design, once with each version of Celery that was asked for. These are few
and scenarios many, so that the table fits a screen and paper, and a design's way down
the rows is its strength.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.report.results import CellResult, RunResult
from harness.verdict import CellVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One lane, and what its design promises, in words with limits."""

    lane: str
    promises: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario with its claim, and its cell in each lane, None if not run."""

    scenario: str
    claim: str
    baseline: bool
    cells: tuple[CellResult | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Scenarios × lanes, the baseline first.

    `gate` says what the baseline means for all other rows. `passed` is None where there
    is none, and they must be taken without it.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    gate: str
    passed: bool | None


def matrix(result: RunResult) -> Matrix:
    """Lay the cells out."""
    cells = {(cell.scenario, cell.lane): cell for cell in result.cells}
    named = [*cells, *((each.scenario, each.lane) for each in result.not_run)]
    lanes = list(dict.fromkeys(lane for _, lane in named))
    rows = []
    for scenario in dict.fromkeys(scenario for scenario, _ in named):
        row = tuple(cells.get((scenario, lane)) for lane in lanes)
        there = [cell for cell in row if cell is not None]
        rows.append(
            Row(
                scenario=scenario,
                claim=next((cell.claim for cell in there if cell.claim), ""),
                baseline=any(cell.baseline for cell in there),
                cells=row,
            )
        )
    rows.sort(key=lambda row: not row.baseline)
    gate, passed = _gate(rows)
    return Matrix(
        columns=tuple(column(lane, result.cells) for lane in lanes),
        rows=tuple(rows),
        gate=gate,
        passed=passed,
    )


def promised_by(cell: CellResult) -> tuple[str, ...]:
    """Return what the cell's design promises, in words with limits."""
    return tuple(
        name.replace("_", " ")
        + (f" ({found.within_seconds:g} s)" if found.within_seconds is not None else "")
        for name, found in cell.guarantees.items()
        if found.promised
    )


def column(lane: str, cells: Iterable[CellResult]) -> Column:
    """Return a lane's column; what it promises is known from its cells."""
    its = [cell for cell in cells if cell.lane == lane]
    promises = dict.fromkeys(said for cell in its for said in promised_by(cell))
    return Column(lane=lane, promises=tuple(promises))


def _gate(rows: Iterable[Row]) -> tuple[str, bool | None]:
    """Say whether the baseline is clean: without that the rest means nothing."""
    baselines = [cell for row in rows if row.baseline for cell in row.cells if cell]
    if not baselines:
        return "No baseline ran: harm below need not come of the faults.", None
    dirty = [c.lane for c in baselines if c.verdict is not CellVerdict.KEPT]
    if dirty:
        said = f"The baseline is not clean for {', '.join(dirty)}"
        return f"{said}: what is harmed below need not come of the faults.", False
    return "The baseline is clean: what is harmed below was harmed by a fault.", True
