"""The badge: what broke, in one line, for people, shields.io and screen readers."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.report import badge
from harness.report.evidence import judge_cells
from harness.report.palette import LIGHT
from harness.tests.histories import runs
from harness.tests.report.test_palette import contrast

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("parts", "message", "colour"),
    [
        ((runs.kept, runs.weak), "2 cells: every promise kept", "link"),
        ((runs.kept,), "1 cell: every promise kept", "link"),
        ((runs.broke, runs.none), "2 cells: 1 broken, 1 no verdict", "broke"),
        ((runs.kept, runs.none), "2 cells: 1 no verdict", "soft"),
        ((runs.kept, runs.lost_stack), "1 cell: harness failed", "soft"),
        ((runs.kept, runs.interrupted), "1 cell: interrupted", "soft"),
        ((), "0 cells: nothing ran", "soft"),
    ],
)
def test_it_counts_what_is_bad_and_is_green_for_nothing_else(
    tmp_path: Path,
    parts: tuple[Callable[[Path], None], ...],
    message: str,
    colour: str,
) -> None:
    """Never a percentage; what is not known has another colour than what was kept."""
    for part in parts:
        part(tmp_path)
    found = judge_cells(tmp_path)
    assert json.loads(badge.endpoint(found)) == {
        "schemaVersion": 1,
        "label": "chaos",
        "message": message,
        "color": LIGHT[colour].removeprefix("#"),
    }
    picture = ET.fromstring(badge.picture(found))
    assert picture.get("aria-label") == picture.findtext(f"{SVG}title")
    assert picture.get("aria-label") == f"chaos: {message}"
    assert picture.get("role") == "img"
    assert [each.text for each in picture.iter(f"{SVG}text")] == ["chaos", message]


@pytest.mark.parametrize("ground", ["text", "link", "soft", "broke"])
def test_its_words_can_be_read(ground: str) -> None:
    """WCAG 1.4.3: at least 4.5."""
    assert contrast(LIGHT["on-broke"], LIGHT[ground]) >= 4.5
