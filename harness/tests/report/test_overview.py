"""By guarantee: in how many scenarios each design held it, and what broke it."""

from pathlib import Path

from harness.report.evidence import judge_cells
from harness.report.front import GROUPS
from harness.report.overview import Held, overview
from harness.report.results import RunResult
from harness.tests.histories import damage, runs


def held(result: RunResult) -> dict[str, Held]:
    """Return how the run's one design held each guarantee."""
    return {
        row.guarantee: row.held[0]
        for rows in overview(result).groups.values()
        for row in rows
    }


def test_a_guarantee_is_counted_over_all_scenarios(tmp_path: Path) -> None:
    """Held in so many of those that can say, broken by this one."""
    runs.put(tmp_path, "one", scenario="calm")
    runs.put(tmp_path, "one", scenario="storm", harm=damage.stranded_pending)
    runs.put(tmp_path, "one", scenario="fog").write_bytes(b"")
    found = held(judge_cells(tmp_path))
    starts = found["every_job_starts"]
    assert (starts.held, starts.known, starts.unknown) == (1, 2, 1)
    assert [cell.scenario for cell in starts.broken] == ["storm"]
    assert starts.promised
    assert (found["runs_once"].held, found["runs_once"].known) == (2, 2)
    assert not found["runs_once"].promised


def test_what_a_fault_explains_is_a_number_beside(tmp_path: Path) -> None:
    """It does not colour the cell."""
    harm = damage.DAMAGES["duplicate_run"]
    runs.put(tmp_path, "one", harm=harm)
    result = judge_cells(tmp_path)
    (cell,) = result.cells
    excused = sum(len(a.jobs) for g in cell.guarantees.values() for a in g.excused)
    assert held(result)["runs_once"].excused == excused


def test_groups_stand_one_after_the_other(tmp_path: Path) -> None:
    """Every guarantee once, in the order of the four groups."""
    runs.kept(tmp_path)
    result = judge_cells(tmp_path)
    assert list(overview(result).groups) == list(GROUPS)
    assert set(held(result)) == set(result.cells[0].guarantees)
