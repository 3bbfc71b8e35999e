"""The matrix: a row for each scenario, a column for each design, the gate first."""

from pathlib import Path

from msgspec.structs import replace

from harness.history import NotRun
from harness.report.evidence import judge_cells
from harness.report.matrix import matrix, promised_by
from harness.tests.histories import damage, runs


def test_the_baseline_is_the_first_row_and_a_gate(tmp_path: Path) -> None:
    """It must be clean, or the rest means nothing."""
    runs.put(tmp_path, scenario="a_story")
    laid = matrix(judge_cells(tmp_path))
    assert (laid.passed, laid.gate[:16]) == (None, "No baseline ran:")
    runs.put(tmp_path, scenario="the_baseline", faults=())
    laid = matrix(judge_cells(tmp_path))
    assert [row.scenario for row in laid.rows] == ["the_baseline", "a_story"]
    assert (laid.passed, laid.rows[0].baseline) == (True, True)
    harm = damage.stranded_pending
    runs.put(tmp_path, "other", scenario="the_baseline", faults=(), harm=harm)
    laid = matrix(judge_cells(tmp_path))
    assert not laid.passed
    assert laid.gate.startswith("The baseline is not clean for other:")


def test_a_design_stands_above_its_column_with_its_promises(tmp_path: Path) -> None:
    """In words; what did not run has its place."""
    runs.put(tmp_path, "late_ack@5.6.3", promises=())
    runs.put(tmp_path, "outbox", promises=("every_job_starts", "runs_once"))
    not_run = (NotRun(scenario="late", design="outbox", because="no"),)
    runs.run_json(tmp_path, not_run=not_run)
    laid = matrix(judge_cells(tmp_path))
    promises = {column.lane: column.promises for column in laid.columns}
    assert promises == {
        "late_ack@5.6.3": (),
        "outbox": ("every job starts", "runs once"),
    }
    assert [row.claim for row in laid.rows] == ["A claim.", ""]
    assert laid.rows[1].cells == (None, None)


def test_a_promise_is_told_with_its_limit(tmp_path: Path) -> None:
    """Sixty seconds is no second."""
    runs.kept(tmp_path)
    (cell,) = judge_cells(tmp_path).cells
    found = cell.guarantees["recovers_in_time"]
    promised = replace(found, promised=True, within_seconds=60.0)
    assert promised_by(replace(cell, guarantees={"recovers_in_time": promised})) == (
        "recovers in time (60 s)",
    )
