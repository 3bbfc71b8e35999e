"""What the benchmarks judge is a whole history, and a limit that is missed is said."""

from pathlib import Path

import pytest

from harness import history
from harness.bench import judging, recording
from harness.bench.measured import Measured
from harness.report.cells import judge_history


def test_the_history_is_one_that_a_run_could_leave() -> None:
    """Every checker has a verdict on it, and the harm in it is found."""
    events = history.parse(map(history.encode, judging._history(2000)))

    cell = judge_history(events, scenario="bench", lane="bench").result

    (effects,) = cell.guarantees["effects_happen_once"].anomalies
    assert (cell.harness_error, cell.accounting.asked, effects.count) == (None, 2000, 2)
    assert {each.verdict.value for each in cell.guarantees.values()} == {
        "valid",
        "invalid",
    }


def test_what_was_recorded_outlives_its_writer(tmp_path: Path) -> None:
    """A writer that is killed with SIGKILL has lost no event that it had recorded."""
    assert recording._lost_by_a_crash(tmp_path / "history.jsonl") == 0


@pytest.mark.parametrize(
    ("measured", "well"),
    [
        (Measured(what="a", value=9, unit="s", at_most=10), True),
        (Measured(what="a", value=11, unit="s", at_most=10), False),
        (Measured(what="a", value=1, unit="s", at_most=0), False),
        (Measured(what="a", value=9, unit="1/s", at_least=10), False),
        (Measured(what="a", value=9, unit="s"), True),
    ],
)
def test_a_limit(measured: Measured, well: bool) -> None:
    """It is kept or it is not, and the line says so."""
    assert measured.is_well is well
    assert ("TOO" in measured.line) is not well
