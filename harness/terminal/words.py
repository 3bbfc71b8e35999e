"""The signs and words that every view uses, and how a text becomes a harmless line.

It exists so that a verdict looks the same wherever it is printed, and so that nothing
that a job, a log or a design says can move the cursor or ring a bell.
"""

from collections.abc import Iterable, Iterator, Mapping

from harness.report.html import GLYPHS
from harness.report.results import CellResult
from harness.verdict import CellVerdict

RUNNING = "●"
NOT_RUN = "·"

# In the order of the closing line. A weakness is no verdict that anybody counts alone.
NAMES: Mapping[CellVerdict, str] = {
    CellVerdict.KEPT: "kept",
    CellVerdict.WEAKNESS: "with a weakness",
    CellVerdict.BROKE: "broke",
    CellVerdict.NONE: "no verdict",
}
COLOURS: Mapping[CellVerdict, str] = {
    CellVerdict.KEPT: "green",
    CellVerdict.WEAKNESS: "yellow",
    CellVerdict.BROKE: "red",
    CellVerdict.NONE: "magenta",
}
# What a terminal calls them (ECMA-48, SGR).
_CODES = {"red": 31, "green": 32, "yellow": 33, "magenta": 35}


def harmless(text: str) -> str:
    """Return a text that no terminal obeys; its lines stay lines.

    Whatever is not printable, control characters and those that turn the direction
    of writing among them, is shown as its escape.
    """
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in text
    )


def plain(text: str) -> str:
    """Return a text as one harmless line."""
    return harmless(" ".join(text.split()))


def paint(text: str, colour: str, *, coloured: bool) -> str:
    """Return the text in a colour, or as it is."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if coloured and colour else text


def name_of(scenario: str, lane: str) -> str:
    """Return what a cell is called."""
    return plain(f"{scenario} × {lane}")


def verdict_line(cell: CellResult) -> str:
    """Say a cell's verdict and why in one line, however long."""
    said = f"{GLYPHS[cell.verdict]} {name_of(cell.scenario, cell.lane)}"
    return f"{said}  {NAMES[cell.verdict]}: {plain('; '.join(_why(cell)))}"


def _why(cell: CellResult) -> Iterator[str]:
    """Say what speaks for the verdict: of broken promises with the cause."""
    if cell.verdict in {CellVerdict.NONE, CellVerdict.KEPT}:
        yield from cell.because[:1]
        if len(cell.because) > 1:
            yield f"and {len(cell.because) - 1} more"
        return
    broke = cell.verdict is CellVerdict.BROKE
    for name, found in cell.guarantees.items():
        for anomaly in found.anomalies:
            if broke and found.judged_as_promised:
                yield from (f"{name}: {cause.sentence}" for cause in anomaly.causes)
            elif not broke:
                yield f"{name}: {anomaly.sentence}"


def counted(verdicts: Iterable[CellVerdict]) -> str:
    """Count verdicts in words: "45 kept, 3 broke, 1 no verdict"."""
    found = list(verdicts)
    said = [
        f"{found.count(each)} {name}" for each, name in NAMES.items() if each in found
    ]
    return ", ".join(said) or "no cell ran"


def duration(seconds: float) -> str:
    """Return a time as people say it: 41 s, 4 min 10 s, 1 h 2 min."""
    whole = round(max(seconds, 0))
    minutes, rest = divmod(whole, 60)
    hours, more = divmod(minutes, 60)
    if hours:
        return f"{hours} h {more} min"
    return f"{minutes} min {rest} s" if minutes else f"{whole} s"
