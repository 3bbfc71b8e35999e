"""summary.md: small, and plain text for whoever reads it."""

from pathlib import Path

import msgspec
import pytest

from harness.history import NotRun
from harness.report import summary
from harness.report.evidence import judge_cells
from harness.report.results import CellResult, RunResult
from harness.tests.histories import runs


@pytest.fixture(name="kept")
def _kept(tmp_path: Path) -> RunResult:
    """Return a run of one good cell."""
    runs.kept(tmp_path)
    return judge_cells(tmp_path)


def cells(run: RunResult, *names: str, **changes: object) -> RunResult:
    """Return the run with a cell of its only kind for each of these scenarios."""
    (cell,) = run.cells
    made = [msgspec.structs.replace(cell, scenario=name, **changes) for name in names]
    return msgspec.structs.replace(run, cells=tuple[CellResult, ...](made))


def test_the_summary_has_the_headline_what_is_worst_and_the_matrix(
    tmp_path: Path,
) -> None:
    """A sign, a word and the numbers in each cell; none where nothing is known."""
    for part in (runs.kept, runs.weak, runs.broke, runs.none):
        part(tmp_path)
    text = summary.render(judge_cells(tmp_path), "reports/latest/index.html")
    assert text.startswith("# 1 of 4 cells broke a promise")
    worst = [line for line in text.splitlines() if line.startswith("- ")]
    assert worst[0].startswith("- ✕ **story × broke**: every_job_starts is promised")
    assert [line[:4] for line in worst] == ["- ✕ ", "- ? ", "- ▲ "]
    assert "| scenario | broke | kept | none | weak |" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| story")]
    columns = [column.strip() for column in row.split("|")[2:-1]]
    assert columns[0].startswith("✕ broke: 1 ")
    assert columns[1:3] == ["✓ kept: back in 0.0 s", "? no verdict"]
    assert columns[3].startswith("▲ weakness: 1 ")
    assert "Seed 7." in text
    assert "Report: `reports/latest/index.html`." in text


def test_three_sentences_are_told_and_the_others_counted(tmp_path: Path) -> None:
    """The report has them all."""
    runs.weak(tmp_path)
    weak = cells(judge_cells(tmp_path), "a", "b", "c", "d", "e")
    text = summary.render(weak)
    assert text.count("- ▲ ") == 3
    assert "- … and 2 more cells, see the report\n" in text


@pytest.mark.parametrize("letter", ["x", "é", "✕"])
def test_a_summary_over_the_limit_is_cut_at_a_row_and_says_so(
    kept: RunResult, letter: str
) -> None:
    """CI drops what is too long as a whole; what is worst and how to repeat it stay."""
    names = [f"{n}{letter * 300}" for n in range(400)]
    text = summary.render(cells(kept, *names, because=(letter * 9000,)))
    assert summary.LIMIT_BYTES - 2000 < len(text.encode()) <= summary.LIMIT_BYTES
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(row.count("|") == 3 for row in rows)
    assert f"{402 - len(rows)} rows are left out here; the report has" in text
    assert "Seed 7. Repeat with" in text


def test_nothing_is_too_long_for_the_limit(kept: RunResult) -> None:
    """Names, commands, reasons and tracebacks of any length."""
    long = "long " * 30_000
    run = msgspec.structs.replace(kept.run, command=long, harness_error=long)
    not_run = [
        NotRun(scenario=long, design=f"{n}", because=f"{n}{long}") for n in range(99)
    ]
    found = msgspec.structs.replace(
        kept, run=run, headline=long, not_run=tuple(not_run)
    )
    assert len(summary.render(found, long).encode()) <= summary.LIMIT_BYTES


def test_hostile_text_stays_in_its_line_and_is_no_markup(kept: RunResult) -> None:
    """Neither HTML nor a table cell can be broken out of."""
    run = msgspec.structs.replace(kept.run, harness_error="<script>\n# | `x`")
    found = msgspec.structs.replace(cells(kept, "a|b"), run=run)
    text = summary.render(found)
    assert "<script>" not in text
    assert "\n# |" not in text
    assert "a\\|b" in text


def test_what_did_not_run_is_counted_by_its_reason(kept: RunResult) -> None:
    """And stands in the matrix, as what it is."""
    not_run = [
        NotRun(scenario=each, design="late", because="no time") for each in ("a", "b")
    ]
    text = summary.render(msgspec.structs.replace(kept, not_run=tuple(not_run)))
    assert "- · 2 not run: no time\n" in text
    assert "| a | · not run | · not run |" in text
