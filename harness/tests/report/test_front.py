"""The first screen: the numbers on top, and the order of what is worst."""

from pathlib import Path

from harness.report import front
from harness.report.evidence import judge_cells
from harness.tests.histories import damage, runs
from harness.tests.histories.build import Facts
from harness.verdict import CellVerdict

BOTH = ("every_job_starts", "effects_happen_once")


def three_harms(events: Facts, _: int) -> Facts:
    """Lose one job, strand one, and let one have its effect twice."""
    events = damage.stranded_pending(events, 2)
    return damage.duplicate_effect(damage.lost_record(events, 1), 3)


def test_the_lost_come_before_the_stuck_and_these_before_the_repeated(
    tmp_path: Path,
) -> None:
    """However many those are."""
    runs.put(tmp_path, "repeated", harm=damage.duplicate_effect, promises=BOTH)
    runs.put(tmp_path, "stuck", harm=damage.stranded_pending, promises=BOTH)
    runs.put(tmp_path, "lost", harm=damage.lost_record, promises=BOTH)
    found = front.worst_first(judge_cells(tmp_path).cells, CellVerdict.BROKE)
    assert [cell.design for cell in found] == ["lost", "stuck", "repeated"]
    assert front.seen(found[1]) == "1 job pending for ever"
    assert front.against(found[1]) == "promised every_job_starts"
    assert [front.counts(cell)[0] for cell in found] == [
        "1 lost",
        "1 stuck",
        "1 repeated",
    ]


def test_a_broken_cell_counts_what_breaks_its_promise_apart_from_the_rest(
    tmp_path: Path,
) -> None:
    """One promise, three harms: the number that is red is the promise's."""
    runs.put(tmp_path, "one", harm=three_harms, promises=("effects_happen_once",))
    result = judge_cells(tmp_path)
    (cell,) = result.cells
    assert front.counts(cell)[:2] == ["1 repeated", "2 more, unpromised"]
    numbers = {each.label: each for each in front.numbers(result)}
    lost = numbers["lost or stuck jobs against a promise"]
    assert (lost.value, lost.beside) == ("0", "2 more that no promise covers")
    assert numbers["repeated jobs against a promise"].value == "1"
    assert [each.tone for each in numbers.values()].count("broke") == 2


def test_what_a_title_has_no_room_for_is_counted(tmp_path: Path) -> None:
    """Two kinds of three are two kinds and one more, which is named then."""
    runs.put(tmp_path, "one", harm=three_harms, promises=())
    (cell,) = judge_cells(tmp_path).cells
    assert front.seen(cell, at_most=1) == "1 job lost · 2 more kinds"
    assert front.seen(cell, at_most=2) == front.seen(cell)


def test_a_cell_that_never_came_back_is_not_the_slowest(tmp_path: Path) -> None:
    """It is counted beside: no number of seconds is as long as never."""
    runs.kept(tmp_path)
    runs.weak(tmp_path)
    recovery = front.numbers(judge_cells(tmp_path))[3]
    assert recovery.value == "0.0 s"
    assert recovery.beside.startswith("story × kept, at most 60 s, not promised; 1 ")


def test_harm_without_a_cause_is_counted(tmp_path: Path) -> None:
    """Not to know why is an answer, and one that a reader must see."""
    runs.broke(tmp_path)
    runs.put(tmp_path, "odd", harm=damage.DAMAGES["wrong_result"])
    ((cell, jobs),) = front.unexplained(judge_cells(tmp_path).cells)
    assert (cell.design, jobs) == ("odd", 1)
