"""What a machine cannot do is not run: said, skipped, and never green."""

import json
import subprocess
import sys
from pathlib import Path

from harness.scenario import read_story
from harness.selection import why_not_beside

PROJECT = Path(__file__).parents[2]
BECAUSE = (
    "not possible here: partition needs a kernel of tomorrow: nothing tries whether a "
    "kernel of tomorrow is there"
)


def _run(
    story: str, reports: Path, *, designs: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", story, "-rs", f"--reports={reports}"),
            *(f"--designs={designs}", "-p", "no:cacheprovider"),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_cells_that_are_not_possible_are_not_run(tmp_path: Path) -> None:
    """Each is skipped and says why; where nothing else ran, that is exit code 5."""
    story = "harness/tests/stories/not_possible.py"
    done = _run(story, tmp_path, designs="tutorial,outbox")

    assert done.returncode == 5, done.stdout
    assert "2 skipped" in done.stdout
    results = json.loads((tmp_path / "latest" / "results.json").read_text())
    assert results["cells"] == []
    assert [(each["design"], each["because"]) for each in results["not_run"]] == [
        ("tutorial", BECAUSE),
        ("outbox", BECAUSE),
    ]


def test_a_design_without_a_relay_cannot_lose_it(tmp_path: Path) -> None:
    """A fault on a process that does nothing would prove nothing."""
    done = _run("scenarios/test_relay_killed.py", tmp_path, designs="tutorial")

    assert done.returncode == 5, done.stdout
    assert "not possible: tutorial does nothing in its relay" in done.stdout


def test_without_an_engine_nobody_knows(tmp_path: Path) -> None:
    """It is said once, as the harness's failure; the report is there all the same."""
    done = _run("scenarios/test_broker_partitioned.py", tmp_path, designs="outbox")

    assert done.returncode == 3, done.stdout
    assert "Traceback" not in done.stdout
    assert "the report could not be written" not in done.stdout
    results = json.loads((tmp_path / "latest" / "results.json").read_text())
    assert [each["because"] for each in results["not_run"]] == [
        "the run ended before it"
    ]
    assert (tmp_path / "latest" / "index.html").exists()


def test_a_clock_is_shifted_on_a_stack_of_its_own() -> None:
    """Beside others it is not run, and says how it is; the others do not care."""
    clock, other = (
        read_story(PROJECT / "scenarios" / f"test_{name}.py", PROJECT)
        for name in ("clock_jumps", "baseline")
    )

    assert why_not_beside(clock, [clock]) is None
    assert why_not_beside(other, [clock, other]) is None
    because = why_not_beside(clock, [other, clock])
    assert because is not None
    assert because.endswith("by itself: pytest scenarios/test_clock_jumps.py")
