"""The last lines of a run: what broke first, then how much was kept, in twenty lines.

It exists so that whoever scrolls up not at all sees the worst, and can go on from
there: each broken promise is one line, however long, with its page in the report. The
last line is plain, for runners that read one.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report.results import CellResult, RunResult, anchor
from harness.terminal.words import (
    COLOURS,
    counted,
    duration,
    paint,
    plain,
    verdict_line,
)
from harness.verdict import CellVerdict

LINES = 20
# How the reasons begin of cells that a machine or a design leaves no room for.
_IMPOSSIBLE = "not possible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended, beside its result.

    `troubles` are sentences about what went wrong around the run; `unhealed` names the
    faults that may still be on: nothing worse can be left behind.
    """

    exit_code: int
    report: str
    troubles: Sequence[str] = ()
    unhealed: Sequence[str] = ()


def last_lines(result: RunResult, ending: Ending, *, coloured: bool) -> list[str]:
    """Return at most twenty lines, the worst first; nothing is cut or wrapped."""
    after = [
        *_about_the_run(result, ending),
        counted(each.verdict for each in result.cells),
        *_unhealed(ending, coloured=coloured),
    ]
    return [*_cells(result.cells, LINES - len(after), coloured=coloured), *after]


def without(ending: Ending) -> list[str]:
    """Return what is left to say where no result can be had."""
    return [
        *map(plain, ending.troubles),
        f"exit code {ending.exit_code}",
        *_unhealed(ending, coloured=False),
    ]


def _cells(cells: Sequence[CellResult], room: int, *, coloured: bool) -> Iterator[str]:
    """Tell of the cells, the worst first, while there is room.

    Where there is too little for broken promises and cells without a verdict, it is
    said where the others are. Weaknesses and kept promises are told all or not at all:
    the closing line counts them.
    """
    these = {
        verdict: [each for each in cells if each.verdict is verdict]
        for verdict in CellVerdict
    }
    told = [*these[CellVerdict.BROKE], *these[CellVerdict.NONE]]
    left = told[room - 1 :] if len(told) > room else []
    told = told[: len(told) - len(left)]
    for verdict in (CellVerdict.WEAKNESS, CellVerdict.KEPT):
        if len(told) + len(these[verdict]) > room:
            break
        told += these[verdict]
    for each in told:
        yield paint(_cell(each), COLOURS[each.verdict], coloured=coloured)
    if left:
        more = counted(each.verdict for each in left)
        yield f"  and {len(left)} more ({more}): index.html"


def _cell(cell: CellResult) -> str:
    if cell.verdict is CellVerdict.KEPT:
        return verdict_line(cell)
    return f"{verdict_line(cell)}  index.html#{anchor(cell.scenario, cell.lane)}"


def _about_the_run(result: RunResult, ending: Ending) -> Iterator[str]:
    run, ran = result.run, len(result.cells)
    if run.harness_error:
        yield f"the harness failed: {_one_line(run.harness_error)}"
    yield from map(plain, ending.troubles)
    if result.not_run:
        yield "; ".join(_not_run(result))
    if run.seconds:
        pace = ran / (run.seconds / 60)
        yield f"{pace:.1f} cells a minute: {ran} in {duration(run.seconds)}"
    yield f"seed {run.seed}, exit code {ending.exit_code}"
    yield f"report: {ending.report}"


def _not_run(result: RunResult) -> Iterator[str]:
    """Say how many cells ran, and why the others did not."""
    run, ran = result.run, len(result.cells)
    how = "incomplete: " if run.interrupted or run.harness_error else ""
    yield f"{how}{ran} of {ran + len(result.not_run)} cells ran"
    reasons = Counter(plain(each.because) for each in result.not_run)
    impossible = {
        each: n for each, n in reasons.items() if each.startswith(_IMPOSSIBLE)
    }
    if impossible:
        yield f"{sum(impossible.values())} {_IMPOSSIBLE}: the report says why"
    for reason, count in (reasons - Counter(impossible)).items():
        yield f"{count} did not: {reason}"


def _one_line(error: str) -> str:
    """Return a traceback's last line, of any other message its first."""
    lines = error.strip().splitlines()
    return plain(lines[-1] if lines[0].startswith("Traceback") else lines[0])


def _unhealed(ending: Ending, *, coloured: bool) -> Iterator[str]:
    if ending.unhealed:
        names = ", ".join(map(plain, ending.unhealed))
        said = f"STILL BROKEN: {names}. Run `harness recover`, which heals and removes."
        yield paint(said, "red", coloured=coloured)
