"""The canary: a planted defect turns red, its design beside it stays green.

Should judging ever go blind, or accuse everybody, this is where it shows first.
"""

import shutil
from pathlib import Path

import pytest

from harness import __main__ as command_line
from harness.proof.defects import select
from harness.proof.prove import Prover

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parents[3]


def test_a_defect_is_red_and_its_design_is_green(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 for the run with the defect, 0 for the same run without its cell."""
    prover = Prover(
        project=PROJECT,
        defects=select("wrong_result"),
        reports=tmp_path,
        command="the canary",
        tell=print,
    )

    prover.plant_and_find([1])

    told = {(cell.design, cell.verdict.value, cell.harm) for cell in prover.seen}
    assert told == {
        ("wrong_result", "broke", ("wrong_result",)),
        ("outbox", "kept", ()),
    }
    assert prover.proof().holds
    run = prover.folder / "seed-1"
    assert command_line.main(["judge", str(run)]) == 1
    shutil.rmtree(run / "quiet" / "wrong_result")
    assert command_line.main(["judge", str(run)]) == 0
