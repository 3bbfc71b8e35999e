"""summary.md: the matrix and the worst sentences, for a CI's step summary.

It exists because CI services drop a summary that is too long as a whole: this one is
bounded, cut at a line, and says what was cut (`reporting.md` §4.1).
"""

from collections.abc import Iterator

from harness.report.results import RunResult
from harness.verdict import CellVerdict

LIMIT_BYTES = 60_000
GLYPHS = {
    CellVerdict.KEPT: "✓",
    CellVerdict.WEAKNESS: "▲",
    CellVerdict.BROKE: "✕",
    CellVerdict.NONE: "?",
}
_ORDER = (
    CellVerdict.BROKE,
    CellVerdict.NONE,
    CellVerdict.WEAKNESS,
    CellVerdict.KEPT,
)


def render(result: RunResult) -> str:
    """Return the run as Markdown of at most 60 kB."""
    lines = list(_lines(result))
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode("utf-8", "replace")) + 1
        if size > LIMIT_BYTES:
            kept.append(f"\n{len(lines) - len(kept)} lines are left out here.")
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def _lines(result: RunResult) -> Iterator[str]:
    yield f"# {_text(result.headline)}"
    yield ""
    scenarios = list(dict.fromkeys(cell.scenario for cell in result.cells))
    designs = list(dict.fromkeys(cell.design for cell in result.cells))
    cells = {(cell.scenario, cell.design): cell for cell in result.cells}
    if cells:
        yield "| design | " + " | ".join(_text(each) for each in scenarios) + " |"
        yield "| --- |" + " --- |" * len(scenarios)
    for design in designs:
        row = []
        for scenario in scenarios:
            cell = cells.get((scenario, design))
            row.append(f"{GLYPHS[cell.verdict]} {cell.verdict.value}" if cell else "·")
        yield f"| {_text(design)} | " + " | ".join(row) + " |"
    yield ""
    for verdict in _ORDER:
        for cell in result.cells:
            if cell.verdict is verdict:
                name = f"{_text(cell.scenario)} × {_text(cell.design)}"
                why = _text("; ".join(cell.because))
                yield f"- {GLYPHS[verdict]} **{name}**: {why}"
    for each in result.not_run:
        yield (
            f"- · **{_text(each.scenario)} × {_text(each.design)}** did not run:"
            f" {_text(each.because)}"
        )
    yield ""
    yield f"Seed {result.run.seed}. Repeat with `{_text(result.run.command)}`."


def _text(text: str) -> str:
    """Make a text one line that Markdown and HTML leave alone."""
    line = " ".join(text.split()).replace("|", "\\|")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace("`", "'")
