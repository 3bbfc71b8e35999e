"""summary.md: small, and plain text for whoever reads it."""

from pathlib import Path

import msgspec

from harness.report import summary
from harness.report.evidence import judge_cells
from harness.tests.histories import runs


def test_the_summary_has_the_headline_the_matrix_and_every_reason(
    tmp_path: Path,
) -> None:
    """A glyph with its word in each cell, the worst sentence first."""
    for part in (runs.kept, runs.weak, runs.broke, runs.none):
        part(tmp_path)
    text = summary.render(judge_cells(tmp_path))
    assert text.startswith("# 1 of 4 cells broke a promise")
    for row in ("| kept | ✓ kept |", "| weak | ▲ weakness |", "| none | ? none |"):
        assert row in text
    reasons = [line for line in text.splitlines() if line.startswith("- ")]
    assert reasons[0].startswith("- ✕ **story × broke**: every_job_starts is promised")
    assert "Seed 7." in text


def test_a_summary_over_the_limit_is_cut_at_a_line_and_says_so(tmp_path: Path) -> None:
    """CI drops what is too long as a whole."""
    runs.kept(tmp_path)
    found = judge_cells(tmp_path)
    cells = tuple(
        msgspec.structs.replace(found.cells[0], scenario=f"s{n}", because=("x" * 500,))
        for n in range(300)
    )
    text = summary.render(msgspec.structs.replace(found, cells=cells))
    assert len(text.encode()) < summary.LIMIT_BYTES + 100
    assert text.rstrip().endswith("lines are left out here.")


def test_hostile_text_stays_in_its_line_and_is_no_markup(tmp_path: Path) -> None:
    """Neither HTML nor a table cell can be broken out of."""
    runs.kept(tmp_path)
    found = judge_cells(tmp_path)
    hostile = msgspec.structs.replace(
        found.cells[0], because=("<script>\n# | `x`",), scenario="a|b"
    )
    text = summary.render(msgspec.structs.replace(found, cells=(hostile,)))
    assert "<script>" not in text
    assert "\n# |" not in text
    assert "a\\|b" in text
