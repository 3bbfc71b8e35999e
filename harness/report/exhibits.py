"""What the page shows of a run's folder beside results.json: pictures, logs, lines.

It exists so that a report can be drawn without the histories (they may be gone by
then) and is only poorer for it, and so that a picture that cannot be drawn says so in
its own place and takes nothing else with it.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.fates import Account, fold
from harness.history import Cell, History, read
from harness.report.logs import Excerpt, excerpts
from harness.report.results import CellResult, RunResult
from harness.report.scene import Scene, look


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What is there to see of one cell; `problem` says why there is nothing.

    `lines` has, for each job that is told of, the line of each of its events in the
    cell's history.jsonl, in the order of its story.
    """

    scene: Scene | None = None
    logs: tuple[Excerpt, ...] = ()
    lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    problem: str | None = None


Exhibits = Mapping[tuple[str, str], Exhibit]


def exhibits(folder: Path, result: RunResult) -> Exhibits:
    """Read all that can be seen of a run's cells."""
    lanes = tuple(dict.fromkeys(cell.lane for cell in result.cells))
    return {
        (cell.scenario, cell.lane): _exhibit(folder, cell, lanes)
        for cell in result.cells
    }


def _exhibit(folder: Path, result: CellResult, lanes: tuple[str, ...]) -> Exhibit:
    try:
        history = read(folder / result.scenario / result.lane / "history.jsonl")
        cells = history.of(Cell)
        if not cells:
            return Exhibit(problem="the history has nothing to draw")
        account = fold(history, cells[0])
        return Exhibit(
            scene=look(history, account),
            logs=excerpts(folder, result, wall=cells[0].wall, lanes=lanes),
            lines=_lines(history, account, result),
        )
    except OSError as error:
        return Exhibit(problem=f"the evidence cannot be read: {error.strerror}")
    except Exception:  # noqa: BLE001 - drawing never changes a verdict, nor another drawing
        return Exhibit(problem=traceback.format_exc())


def _lines(
    history: History, account: Account, result: CellResult
) -> Mapping[str, tuple[int, ...]]:
    """Find the lines of the events that stories tell of."""
    stories = (*result.stories, *result.survivors)
    told = {story.key for story in stories if story.events}
    events = {
        record.key: record.events()
        for record in (*account.jobs, *account.strangers)
        if record.key in told
    }
    lines = history.lines_of([each for its in events.values() for each in its])
    return {key: tuple(lines[each] for each in its) for key, its in events.items()}
