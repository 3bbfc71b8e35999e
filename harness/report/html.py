"""index.html: the run as one file that needs nothing but a browser.

It exists so that a reader sees which design kept which promise, and for every harmed
job why. It reads results.json and the exhibits and decides nothing; all text is
escaped by Jinja2. The file holds many pages: the one that the address names is shown,
by a style sheet alone.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.report import (
    cell_pages,
    detail,
    frames,
    front,
    job_pages,
    matrix,
    overview,
    palette,
)
from harness.report.compare import Comparison, summary
from harness.report.exhibits import Exhibits
from harness.report.results import RunResult, Story, anchor
from harness.verdict import CellVerdict, Verdict, worst

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


def render(
    result: RunResult,
    exhibits: Exhibits | None = None,
    comparison: Comparison | None = None,
) -> str:
    """Return the file, whole, with as much detail as its limit allows."""
    for step in detail.DETAILS:
        text = _page(result, exhibits or {}, comparison, step)
        if len(text.encode("utf-8", "replace")) <= detail.LIMIT_BYTES:
            break
    return text


def _page(
    result: RunResult,
    exhibits: Exhibits,
    comparison: Comparison | None,
    step: detail.Detail,
) -> str:
    ids = job_pages.story_ids(result.cells)
    cells = cell_pages.cell_pages(result, ids, exhibits, step)
    style = _ENVIRONMENT.get_template("style.css.j2").render(
        light=palette.LIGHT, dark=palette.DARK
    )
    script = _source("script.js")
    return _ENVIRONMENT.get_template("index.html.j2").render(
        result=result,
        run=result.run,
        glyph=_glyph(result),
        started=_utc(result.run.started_at),
        numbers=front.numbers(result),
        matrix=matrix.matrix(result),
        overview=overview.overview(result),
        unexplained=front.unexplained(result.cells),
        broken=front.worst_first(result.cells, CellVerdict.BROKE),
        unknown=front.worst_first(result.cells, CellVerdict.NONE),
        weak=front.worst_first(result.cells, CellVerdict.WEAKNESS),
        workloads=list(dict.fromkeys(c.workload for c in result.cells if c.workload)),
        cells=cells,
        swatches=frames.swatches(chart for page in cells for chart in page.charts),
        jobs=job_pages.job_pages(result, ids, exhibits, survivors=step.survivors),
        not_run=_not_run(result),
        clock_error=_clock_error(result),
        untold=sum(len(cell.stories) for cell in result.cells) - len(ids),
        comparison=comparison,
        compared=summary(comparison) if comparison else "",
        marks=comparison.marks if comparison else {},
        left_out=step.left_out,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _glyph(result: RunResult) -> str:
    """Return the headline's sign: the worst verdict's; a weakness keeps promises.

    A run that did not come to its end is no good run.
    """
    verdict = worst(cell.verdict for cell in result.cells)
    cut_off = result.run.harness_error or result.run.interrupted
    if verdict is None or (cut_off and verdict is not CellVerdict.BROKE):
        return GLYPHS[CellVerdict.NONE]
    return GLYPHS[CellVerdict.KEPT if verdict is CellVerdict.WEAKNESS else verdict]


def _not_run(result: RunResult) -> Mapping[str, list[str]]:
    """Gather the cells that did not run by the reason, which many share."""
    found: dict[str, list[str]] = {}
    for each in result.not_run:
        name = f"{each.scenario} × {each.lane}"
        found.setdefault(each.because, []).append(name)
    return found


def _clock_error(result: RunResult) -> float | None:
    """Return how far clocks may have been apart at worst, in seconds."""
    errors = [cell.measures.clock_error_seconds for cell in result.cells]
    return max((each for each in errors if each is not None), default=None)


def _source(name: str) -> str:
    assert _ENVIRONMENT.loader is not None
    return _ENVIRONMENT.loader.get_source(_ENVIRONMENT, name)[0]


def _hash(text: str) -> str:
    """Return what a content policy calls this very style or script."""
    return b64encode(sha256(text.encode()).digest()).decode()


# --- words and shapes for the templates ---------------------------------------


def _breakable(name: str) -> Markup:
    """Let a long name with underscores break after each of them."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _count(value: int) -> str:
    return f"{value:,}"


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _last_line(text: str) -> str:
    """Return what a traceback comes to; of one sentence, the sentence."""
    return (text.strip().splitlines() or [""])[-1]


def _answers(story: Story) -> str:
    said = [str(answer) if answer else "no answer" for answer in story.answers]
    return ", then ".join(said) or "never asked for"


_ENVIRONMENT = Environment(
    loader=PackageLoader("harness.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(
    breakable=_breakable,
    count=_count,
    first_up=_first_up,
    last_line=_last_line,
    seconds=_seconds,
)
_ENVIRONMENT.globals.update(
    against=front.against,
    anchor=anchor,
    answers=_answers,
    command=cell_pages.command,
    counts=front.counts,
    glyphs=GLYPHS,
    meanings=MEANINGS,
    promised_by=matrix.promised_by,
    seen=front.seen,
    signs={verdict.value: glyph for verdict, glyph in GLYPHS.items()},
    unknown_verdict=Verdict.UNKNOWN,
    verdicts=tuple(reversed(CellVerdict)),
)
