"""summary.md: what is worst and the matrix, for a CI's step summary.

It exists because CI services drop a summary that is too long as a whole: this one is
bounded, cut at a row, and says what was cut (`reporting.md` §4.1). Scenarios are its
rows, since there are more of them than of lanes, and Markdown has no room aside.
"""

from collections.abc import Iterator, Mapping, Sequence

from harness.report.front import counts, worst_first
from harness.report.results import CellResult, RunResult
from harness.verdict import CellVerdict

LIMIT_BYTES = 60_000
WORST_TOLD = 3
GLYPHS: Mapping[CellVerdict, str] = {
    CellVerdict.KEPT: "✓",
    CellVerdict.WEAKNESS: "▲",
    CellVerdict.BROKE: "✕",
    CellVerdict.NONE: "?",
}
# So long may one sentence be, and so many reasons for not running are told.
_SENTENCE_CHARACTERS = 500
_REASONS_TOLD = 10
_NOTE_BYTES = 200


def render(result: RunResult, page: str = "index.html") -> str:
    """Return the run as Markdown of at most 60 kB; `page` is where the report lies."""
    above = [f"# {_text(result.headline)}", "", *_worst(result), ""]
    below = ["", *_not_run(result), *_foot(result, page)]
    room = LIMIT_BYTES - _bytes([*above, *below]) - _NOTE_BYTES
    rows = list(_matrix(result))
    kept: list[str] = []
    for row in rows:
        room -= _bytes([row])
        if room < 0:
            break
        kept.append(row)
    if cut := len(rows) - len(kept):
        kept += ["", f"{cut} rows are left out here; the report has them all."]
    return "\n".join([*above, *kept, *below]) + "\n"


def _bytes(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)


def _worst(result: RunResult) -> Iterator[str]:
    """Yield the worst sentences, and how many cells have more to tell."""
    if result.run.harness_error:
        last = result.run.harness_error.strip().splitlines()[-1:]
        yield f"- **The harness failed**: {_text(' '.join(last))}"
    cells = [
        cell
        for verdict in (CellVerdict.BROKE, CellVerdict.NONE, CellVerdict.WEAKNESS)
        for cell in worst_first(result.cells, verdict)
    ]
    for cell in cells[:WORST_TOLD]:
        name = f"{_text(cell.scenario)} × {_text(cell.lane)}"
        why = _text(cell.because[0] if cell.because else "nobody knows why")
        yield f"- {GLYPHS[cell.verdict]} **{name}**: {why}"
    if more := cells[WORST_TOLD:]:
        yield f"- … and {len(more)} more cells, see the report"


def _matrix(result: RunResult) -> Iterator[str]:
    cells = {(cell.scenario, cell.lane): cell for cell in result.cells}
    names = [*cells, *((each.scenario, each.lane) for each in result.not_run)]
    if not cells:
        return
    lanes = list(dict.fromkeys(lane for _, lane in names))
    yield "| scenario | " + " | ".join(_text(each) for each in lanes) + " |"
    yield "| --- |" + " --- |" * len(lanes)
    for scenario in dict.fromkeys(scenario for scenario, _ in names):
        row = [_cell(cells.get((scenario, lane))) for lane in lanes]
        yield f"| {_text(scenario)} | " + " | ".join(row) + " |"


def _cell(cell: CellResult | None) -> str:
    """Say a cell by sign, word and number; of one without a verdict, no number."""
    if cell is None:
        return "· not run"
    if cell.verdict is CellVerdict.NONE:
        return f"{GLYPHS[cell.verdict]} no verdict"
    back = cell.recovery_seconds
    said = [*counts(cell), *([] if back is None else [f"back in {back:.1f} s"])]
    return f"{GLYPHS[cell.verdict]} {cell.verdict.value}" + (
        f": {', '.join(said)}" if said else ""
    )


def _not_run(result: RunResult) -> Iterator[str]:
    reasons: dict[str, int] = {}
    for each in result.not_run:
        reasons[each.because] = reasons.get(each.because, 0) + 1
    for because, count in list(reasons.items())[:_REASONS_TOLD]:
        yield f"- · {count} not run: {_text(because)}"
    if len(reasons) > _REASONS_TOLD:
        yield f"- · and {len(reasons) - _REASONS_TOLD} more reasons"
    if reasons:
        yield ""


def _foot(result: RunResult, page: str) -> Iterator[str]:
    command = _text(result.run.command)
    yield f"Seed {result.run.seed}. Repeat with `{command}`. Report: `{_text(page)}`."


def _text(text: str) -> str:
    """Make a text one bounded line that Markdown and HTML leave alone."""
    line = " ".join(text.split())
    if len(line) > _SENTENCE_CHARACTERS:
        line = line[: _SENTENCE_CHARACTERS - 1] + "…"
    line = line.replace("|", "\\|").replace("&", "&amp;").replace("<", "&lt;")
    return line.replace("`", "'")
