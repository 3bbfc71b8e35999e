"""index.html: the run as one page that needs nothing but a browser.

It exists so that a reader sees which design kept which promise, and for every harmed
job why. It reads results.json and decides nothing; all text is escaped by Jinja2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.report.results import (
    CauseResult,
    CellResult,
    FaultResult,
    RunResult,
    Story,
    anchor,
)
from harness.verdict import CellVerdict, worst

STORIES = 200
KEYS = 50

GLYPHS: Mapping[CellVerdict, str] = {
    CellVerdict.KEPT: "✓",
    CellVerdict.WEAKNESS: "▲",
    CellVerdict.BROKE: "✕",
    CellVerdict.NONE: "?",
}
MEANINGS: Mapping[CellVerdict, str] = {
    CellVerdict.KEPT: "kept every promise, no harm seen",
    CellVerdict.WEAKNESS: "kept every promise, with harm that no promise covers",
    CellVerdict.BROKE: "broke a promise",
    CellVerdict.NONE: "no verdict: the evidence does not allow one",
}


def render(result: RunResult) -> str:
    """Return the page, whole: style included, no script, no request."""
    ids = _story_ids(result.cells)
    return _ENVIRONMENT.get_template("index.html.j2").render(
        result=result,
        run=result.run,
        glyph=_glyph(result),
        started=_utc(result.run.started_at),
        numbers=_numbers(result),
        matrix=_matrix(result),
        broken=[cell for cell in result.cells if cell.verdict is CellVerdict.BROKE],
        unknown=[cell for cell in result.cells if cell.verdict is CellVerdict.NONE],
        scenarios=_scenarios(result),
        ids=ids,
        untold=sum(len(cell.stories) for cell in result.cells) - len(ids),
    )


def _glyph(result: RunResult) -> str:
    """Return the headline's sign: the worst verdict's; a weakness keeps promises."""
    verdict = worst(cell.verdict for cell in result.cells)
    if verdict is None:
        return GLYPHS[CellVerdict.NONE]
    return GLYPHS[CellVerdict.KEPT if verdict is CellVerdict.WEAKNESS else verdict]


# --- what the page shows ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One of the numbers on top: what it counts, and whether it is bad news."""

    value: str
    label: str
    bad: bool = False


def _numbers(result: RunResult) -> tuple[Number, ...]:
    """Return the page's numbers; harm that breaks a promise apart from other harm."""
    cells = [cell for cell in result.cells if cell.verdict is not CellVerdict.NONE]
    broke = sum(1 for cell in cells if cell.verdict is CellVerdict.BROKE)
    gone = _harmed(cells, "lost tasks", promised=True)
    repeated = _harmed(cells, "acks-late retries", promised=True)
    unpromised = _harmed(cells, None, promised=False)
    none = len(result.cells) - len(cells)
    recoveries = [
        cell.recovery_seconds for cell in cells if cell.recovery_seconds is not None
    ]
    accepted = sum(cell.accounting.accepted for cell in cells)
    return (
        Number(value=str(broke), label="cells that broke a promise", bad=broke > 0),
        Number(
            value=str(gone), label="lost or stuck jobs against a promise", bad=gone > 0
        ),
        Number(
            value=str(repeated),
            label="repeated jobs against a promise",
            bad=repeated > 0,
        ),
        Number(value=str(unpromised), label="harmed jobs that no promise covered"),
        Number(
            value=f"{max(recoveries):.1f} s" if recoveries else "–",
            label="slowest recovery after a fault",
        ),
        Number(value=str(none), label="cells without a verdict"),
        Number(value=f"{accepted:,}", label="jobs accepted"),
    )


def _harmed(cells: Iterable[CellResult], group: str | None, *, promised: bool) -> int:
    """Count jobs with a standing anomaly of a guarantee, promised or not."""
    return sum(
        len(
            {
                key
                for found in cell.guarantees.values()
                if found.judged_as_promised is promised and group in (None, found.group)
                for anomaly in found.anomalies
                for key in anomaly.jobs
            }
        )
        for cell in cells
    )


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


def _matrix(result: RunResult) -> Matrix:
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
            name for cell in row if cell is not None for name in _promised(cell)
        )
        rows.append(Row(design=design, promises=tuple(promises), cells=row))
    return Matrix(scenarios=tuple(scenarios), rows=tuple(rows))


def _scenarios(result: RunResult) -> Mapping[str, list[CellResult]]:
    """Gather the cells under their scenarios, in the order of the matrix."""
    order = _matrix(result).scenarios
    return {
        name: [cell for cell in result.cells if cell.scenario == name] for name in order
    }


def _story_ids(cells: Iterable[CellResult]) -> Mapping[tuple[str, str, str], str]:
    """Give each job that the page tells of a fragment, worst cells first."""
    order = list(CellVerdict)
    ids: dict[tuple[str, str, str], str] = {}
    for cell in sorted(cells, key=lambda each: order.index(each.verdict)):
        name = anchor(cell.scenario, cell.design)
        for number, story in enumerate(cell.stories, start=1):
            if story.events and len(ids) < STORIES:
                ids[cell.scenario, cell.design, story.key] = f"{name}--j{number}"
    return ids


# --- words and shapes for the templates ---------------------------------------


def _keys(cause: CauseResult) -> tuple[str, ...]:
    return cause.jobs[:KEYS]


def _promised(cell: CellResult) -> tuple[str, ...]:
    return tuple(name for name, found in cell.guarantees.items() if found.promised)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _answers(story: Story) -> str:
    said = [str(answer) if answer else "no answer" for answer in story.answers]
    return ", then ".join(said) or "never asked for"


def _lane(fault: FaultResult, seconds: float) -> list[tuple[str, float, float]]:
    """Return the fault's parts on a lane of 1000: (phase, from, width)."""
    times = (fault.asked, fault.confirmed, fault.healed, fault.verified)
    names = ("asked", "on", "healed")
    parts = []
    for name, start, stop in zip(names, times, times[1:], strict=False):
        if start is not None and stop is not None and seconds > 0:
            left = 1000 * start / seconds
            parts.append((name, round(left, 1), round(1000 * stop / seconds - left, 1)))
    return parts


_ENVIRONMENT = Environment(
    loader=PackageLoader("harness.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals.update(
    anchor=anchor,
    answers=_answers,
    glyphs=GLYPHS,
    keys=_keys,
    lane=_lane,
    meanings=MEANINGS,
    seconds=_seconds,
    verdicts=tuple(reversed(CellVerdict)),
)
