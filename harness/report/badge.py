"""badge.json and badge.svg: the run in one line, for a README or a dashboard.

It exists so that the count of broken promises can stand where people look first: as
shields.io's endpoint, and as a picture for who cannot ask another service. Never a
percentage: what broke is counted, and so is what nobody knows (`reporting.md` §4.1).
"""

import json
from typing import NamedTuple

from harness.report.palette import LIGHT
from harness.report.results import RunResult
from harness.report.svg import element
from harness.verdict import CellVerdict

LABEL = "chaos"
_HEIGHT = 20
# Wide enough for nearly any sans-serif of this size; `textLength` makes it fit.
_FONT_SIZE = 11
_CHARACTER_WIDTH = 6.3
_PADDING = 6


class Badge(NamedTuple):
    """What the badge says, and a colour of the palette that says it, too."""

    message: str
    colour: str


_NOT_DRAWN = Badge("not drawn", "soft")


def badge(result: RunResult) -> Badge:
    """Say how many cells there are, and of the bad ones how many."""
    verdicts = [cell.verdict for cell in result.cells]
    broke, none = (
        verdicts.count(each) for each in (CellVerdict.BROKE, CellVerdict.NONE)
    )
    said = [
        *([f"{broke} broken"] if broke else []),
        *([f"{none} no verdict"] if none else []),
        *(["harness failed"] if result.run.harness_error else []),
        *(["interrupted"] if result.run.interrupted else []),
    ]
    # What ran is not all that was asked for: that must not look like a good run.
    colour = "broke" if broke else "soft" if said or not verdicts else "link"
    kept = "every promise kept" if verdicts else "nothing ran"
    cells = f"{len(verdicts)} {'cell' if len(verdicts) == 1 else 'cells'}"
    return Badge(f"{cells}: {', '.join(said) or kept}", colour)


def endpoint(result: RunResult) -> str:
    """Return badge.json, by shields.io's endpoint schema, version 1."""
    return _endpoint(badge(result))


def picture(result: RunResult) -> str:
    """Return badge.svg: needs no network and no font, and has a name to read aloud."""
    return _picture(badge(result))


def not_drawn_endpoint() -> str:
    """Return badge.json for a run whose badge could not be drawn."""
    return _endpoint(_NOT_DRAWN)


def not_drawn() -> str:
    """Return badge.svg for a run whose badge could not be drawn."""
    return _picture(_NOT_DRAWN)


def _endpoint(said: Badge) -> str:
    fields = {
        "schemaVersion": 1,
        "label": LABEL,
        "message": said.message,
        "color": LIGHT[said.colour].removeprefix("#"),
    }
    return json.dumps(fields, indent=1) + "\n"


def _picture(said: Badge) -> str:
    left, right = (
        round(len(text) * _CHARACTER_WIDTH) + 2 * _PADDING
        for text in (LABEL, said.message)
    )
    name = f"{LABEL}: {said.message}"
    parts = [
        element("title", name),
        element("rect", width=left, height=_HEIGHT, fill=LIGHT["text"]),
        element("rect", x=left, width=right, height=_HEIGHT, fill=LIGHT[said.colour]),
        _words(LABEL, 0, left),
        _words(said.message, left, right),
    ]
    drawn = element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        width=left + right,
        height=_HEIGHT,
        role="img",
        aria_label=name,
        font_size=_FONT_SIZE,
        font_family="Verdana, DejaVu Sans, sans-serif",
    )
    return f"{drawn}\n"


def _words(text: str, x: int, width: int) -> str:
    return element(
        "text",
        text,
        x=x + width / 2,
        y=14,
        fill=LIGHT["on-broke"],
        text_anchor="middle",
        textLength=width - 2 * _PADDING,
        lengthAdjust="spacingAndGlyphs",
    )
