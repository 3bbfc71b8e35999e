"""The first screen: the order of what is worst, and the guarantees over all."""

from pathlib import Path

from harness.report import front
from harness.report.evidence import judge_cells
from harness.tests.histories import damage, runs
from harness.verdict import CellVerdict

BOTH = ("every_job_starts", "effects_happen_once")


def test_the_lost_come_before_the_repeated(tmp_path: Path) -> None:
    """However many those are."""
    runs.put(tmp_path, "repeated", harm=damage.duplicate_effect, promises=BOTH)
    runs.put(tmp_path, "stuck", harm=damage.stranded_pending, promises=BOTH)
    found = front.worst_first(judge_cells(tmp_path).cells, CellVerdict.BROKE)
    assert [cell.design for cell in found] == ["stuck", "repeated"]
    assert front.seen(found[0]) == "1 job pending for ever"
    assert front.against(found[0]) == "promised every_job_starts"
    assert front.counts(found[0]) == ["1 lost or stuck"]
    assert front.counts(found[1])[0] == "1 repeated"


def test_a_guarantee_is_counted_over_all_scenarios(tmp_path: Path) -> None:
    """Held in so many of those that can say, broken by this one."""
    runs.put(tmp_path, "one", scenario="calm")
    runs.put(tmp_path, "one", scenario="storm", harm=damage.stranded_pending)
    runs.put(tmp_path, "one", scenario="fog").write_bytes(b"")
    overview = front.overview(judge_cells(tmp_path))
    held = dict(zip(overview.guarantees, overview.designs["one"], strict=True))
    starts = held["every_job_starts"]
    assert (starts.held, starts.known, starts.unknown) == (1, 2, 1)
    assert [cell.scenario for cell in starts.broken] == ["storm"]
    assert starts.promised
    assert (held["runs_once"].held, held["runs_once"].known) == (2, 2)
    assert not held["runs_once"].promised


def test_what_a_fault_explains_is_a_number_beside(tmp_path: Path) -> None:
    """It does not colour the cell."""
    harm = damage.DAMAGES["duplicate_run"]
    runs.put(tmp_path, "one", harm=harm)
    (cell,) = judge_cells(tmp_path).cells
    held = front.overview(judge_cells(tmp_path))
    once = dict(zip(held.guarantees, held.designs["one"], strict=True))["runs_once"]
    excused = sum(len(a.jobs) for g in cell.guarantees.values() for a in g.excused)
    assert once.excused == excused


def test_groups_stand_side_by_side(tmp_path: Path) -> None:
    """Every guarantee once, in the order of the four groups."""
    runs.kept(tmp_path)
    overview = front.overview(judge_cells(tmp_path))
    groups = [group for group, _ in overview.groups]
    assert groups == [group for group in front.HARM if group in groups]
    assert sum(width for _, width in overview.groups) == len(overview.guarantees)
