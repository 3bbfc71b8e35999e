"""A defect counts as found only by the anomaly that names it."""

from pathlib import Path

import pytest

from harness.proof import tally
from harness.proof.defects import DEFECTS, Defect
from harness.proof.tally import Proof, Sighting, count, is_found, sighting
from harness.report.evidence import judge_scenario
from harness.run_folder import this_host
from harness.tests.histories import runs
from harness.verdict import CellVerdict

DEFECT = next(each for each in DEFECTS if each.name == "reaper_too_eager")


def seen(
    *harm: str,
    verdict: CellVerdict = CellVerdict.BROKE,
    design: str = DEFECT.name,
    seconds: float = 10,
) -> Sighting:
    """Return a cell with this harm."""
    return Sighting(
        design=design,
        story="quiet",
        seed=1,
        verdict=verdict,
        harm=harm,
        because=("because",),
        seconds=seconds,
    )


def proof(*cells: Sighting, defects: tuple[Defect, ...] = (DEFECT,)) -> Proof:
    """Return the proof that these cells make."""
    names = {each.name for each in defects}
    return Proof(
        id="r1",
        command="harness proof",
        seconds=1,
        host=this_host(),
        defects=tuple(count(each, cells) for each in defects),
        waiting=(),
        clean=tuple(cell for cell in cells if cell.design not in names),
    )


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (("duplicate_run",), True),
        (("duplicate_run", "overlap"), True),
        (("overlap",), False),
        (("duplicate_run", "lost_record"), False),
        ((), False),
    ],
)
def test_found_by_the_anomaly_that_names_it(harm: tuple[str, ...], found: bool) -> None:
    """What follows from it may be seen as well; any other harm is not it."""
    assert is_found(DEFECT, seen(*harm)) is found


@pytest.mark.parametrize("verdict", [CellVerdict.NONE, CellVerdict.WEAKNESS])
def test_only_a_broken_promise_is_found(verdict: CellVerdict) -> None:
    """A weakness is no promise, and not knowing is nothing."""
    assert not is_found(DEFECT, seen("duplicate_run", verdict=verdict))


def test_enough_must_be_found() -> None:
    """Nineteen of twenty will do, eighteen will not; the table says who is missing."""
    found, missed = seen("duplicate_run"), seen(verdict=CellVerdict.KEPT)

    good, bad = proof(*[found] * 19, missed), proof(*[found] * 18, missed, missed)

    assert good.holds
    assert not bad.holds
    assert "18 of 20" in tally.table(bad)
    assert "not as it should be: seed 1, quiet × reaper_too_eager" in tally.table(bad)


@pytest.mark.parametrize("verdict", CellVerdict)
def test_no_clean_design_may_be_accused(verdict: CellVerdict) -> None:
    """A clean cell that broke, or has no verdict, refutes the proof."""
    clean = seen(design="outbox", verdict=verdict)

    assert proof(seen("duplicate_run"), clean).holds is (
        verdict in (CellVerdict.KEPT, CellVerdict.WEAKNESS)
    )


def test_the_time_is_that_from_the_fault_to_the_last_event(tmp_path: Path) -> None:
    """Half of the found cells took no longer than the median; others do not count."""
    counted = count(
        DEFECT,
        [
            seen("duplicate_run", seconds=10),
            seen("duplicate_run", seconds=12),
            seen("duplicate_run", seconds=30),
            seen(seconds=99),
        ],
    )
    assert (counted.found, counted.of, counted.median_seconds) == (3, 4, 12)


def test_what_is_kept_of_a_judged_cell(tmp_path: Path) -> None:
    """The harm is that of promised guarantees, and the time begins with the fault."""
    runs.broke(tmp_path)
    runs.weak(tmp_path)
    broke, weak = (sighting(cell, seed=3) for cell in judge_scenario(tmp_path, "story"))

    assert (broke.verdict.value, broke.harm) == ("broke", ("stranded_pending",))
    assert (weak.verdict.value, weak.harm) == ("weakness", ())
    # The builder's fault is asked for two seconds after the first event.
    (cell, _) = judge_scenario(tmp_path, "story")
    assert cell.seconds is not None
    assert broke.seconds == round(cell.seconds - 2, 1)
