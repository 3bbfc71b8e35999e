"""What a CI service is told: where it asks for it, and never instead of a verdict."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from harness import __main__ as command_line
from harness import ci, pytest_plugin, run_folder
from harness.errors import EvidenceNotWritten
from harness.report import annotations
from harness.report.cells import without_verdict
from harness.report.evidence import judge_run
from harness.scenario_session import is_broken
from harness.tests.histories import runs
from harness.verdict import CellVerdict

PROJECT = Path(__file__).parents[2]
ON_GITHUB = {"GITHUB_ACTIONS": "true"}


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Path:
    """Return a run's folder with a cell that broke and one without a verdict."""
    folder = tmp_path / "run"
    for part in (runs.broke, runs.none):
        part(folder)
    judge_run(folder)
    return folder


def test_without_a_ci_nobody_is_told_anything(run: Path) -> None:
    """A terminal has its own words."""
    assert ci.announce(run, {"CI": "true"}, "fail") == []


def test_on_github_what_broke_is_annotated(run: Path) -> None:
    """On a line of its own each."""
    (line,) = ci.announce(run, ON_GITHUB, "fail")
    assert line.startswith("::error title=Broke its promise,file=app/designs/")


def test_the_summary_is_appended_to_the_step_s(run: Path, tmp_path: Path) -> None:
    """Other steps have written there before; the lines say nothing about it."""
    step = tmp_path / "step.md"
    step.write_text("# Before\n")
    assert ci.announce(run, {"GITHUB_STEP_SUMMARY": str(step)}, "fail") == []
    assert step.read_text() == "# Before\n" + (run / "summary.md").read_text()


def test_a_step_summary_that_cannot_be_written_is_said(run: Path) -> None:
    """And fails nothing."""
    (line,) = ci.announce(run, {"GITHUB_STEP_SUMMARY": "/proc/none/step"}, "fail")
    assert line.startswith("the step summary /proc/none/step could not be written: No")


def test_annotations_that_crash_are_said(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step summary is written all the same."""

    def crash(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(annotations, "render", crash)
    step = tmp_path / "step.md"
    (line,) = ci.announce(run, ON_GITHUB | {"GITHUB_STEP_SUMMARY": str(step)}, "fail")
    assert line == "the annotations could not be made: ZeroDivisionError()"
    assert step.read_text() == (run / "summary.md").read_text()


@pytest.mark.parametrize(
    ("parts", "fail", "warn"),
    [
        ((runs.kept, runs.none), 10, 0),
        ((runs.broke, runs.none), 1, 1),
        ((runs.none, runs.interrupted), 2, 2),
        ((runs.none, runs.failed), 3, 3),
        ((runs.kept,), 0, 0),
        ((), 5, 5),
    ],
)
def test_no_verdict_may_pass_and_nothing_else(
    tmp_path: Path, parts: tuple[Callable[[Path], None], ...], fail: int, warn: int
) -> None:
    """What is recorded stays 10: only who waits for the exit code is told otherwise."""
    for part in parts:
        part(tmp_path)
    assert command_line.main(["judge", str(tmp_path)]) == fail
    said = ["judge", str(tmp_path), "--no-verdict=warn"]
    assert command_line.main(said) == warn
    assert f'"exit_code": {fail}' in (tmp_path / "results.json").read_text()


def test_what_passes_without_a_verdict_is_said_loudly(tmp_path: Path) -> None:
    """In the log, and on GitHub as a warning; not where it did not pass."""
    runs.kept(tmp_path)
    runs.none(tmp_path)
    judge_run(tmp_path)
    said = "NOT KNOWN, and passed by --no-verdict=warn: no verdict for story × none"
    assert ci.announce(tmp_path, {}, "warn") == [f"WARNING: {said}"]
    assert ci.announce(tmp_path, ON_GITHUB, "warn") == [f"::warning::{said}"]
    assert ci.announce(tmp_path, {}, "fail") == []


# --- by way of pytest ---------------------------------------------------------

# The tutorial has no use for a relay: not possible, and no stack is needed for that.
NOT_POSSIBLE = PROJECT / "scenarios/test_relay_killed.py"


def pytest_run(
    tests: Path, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run what needs no stack, in a process of its own."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(tests), *arguments),
            *("--designs=tutorial", "-p", "no:cacheprovider"),
        ],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_pytest_appends_the_step_summary_but_not_for_a_shard(tmp_path: Path) -> None:
    """Whoever merges the shards tells of all of them."""
    step = tmp_path / "step.md"
    for arguments, told in ((["--shard=1/1"], False), ([], True)):
        pytest_run(
            NOT_POSSIBLE,
            f"--reports={tmp_path}",
            *arguments,
            GITHUB_STEP_SUMMARY=str(step),
        )
        assert step.exists() is told
    assert step.read_text().startswith("# nothing ran")


def test_a_test_of_another_kind_that_fails_is_1(tmp_path: Path) -> None:
    """Beside cells of which none was possible, too."""
    done = pytest_run(NOT_POSSIBLE, str(_failing(tmp_path)), f"--reports={tmp_path}")
    assert done.returncode == 1, done.stdout


def _failing(folder: Path) -> Path:
    path = folder / "test_other.py"
    path.write_text("def test_other():\n    assert False\n")
    return path


CRASHING = """
def pytest_runtest_logfinish():
    raise ZeroDivisionError("a plugin of yours")
"""


def test_a_pytest_that_crashes_is_3_and_the_report_says_so(tmp_path: Path) -> None:
    """Not the verdict of what ran before it."""
    (tmp_path / "crashing.py").write_text(CRASHING)
    done = pytest_run(
        NOT_POSSIBLE,
        "-p",
        "crashing",
        f"--reports={tmp_path}",
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 3, done.stdout
    assert "pytest itself failed" in (tmp_path / "latest/results.json").read_text()


FULL = """
from harness import scenario_session
from harness.errors import EvidenceNotWritten

def judge_run(*_, **__):
    raise EvidenceNotWritten("no space left")

scenario_session.judge_run = judge_run
"""


def test_a_report_that_cannot_be_written_is_3(tmp_path: Path) -> None:
    """Never 0, and never 5: what cannot be written is said."""
    (tmp_path / "full.py").write_text(FULL)
    done = pytest_run(
        NOT_POSSIBLE, "-p", "full", f"--reports={tmp_path}", PYTHONPATH=str(tmp_path)
    )
    assert done.returncode == 3, done.stdout
    assert "the report could not be written: no space left" in done.stdout


def test_a_latest_that_is_no_link_is_3(tmp_path: Path) -> None:
    """Never 0, and never 5: who reads it reads another run. The report is there."""
    (tmp_path / "latest").mkdir()
    done = pytest_run(NOT_POSSIBLE, f"--reports={tmp_path}")
    assert done.returncode == 3, done.stdout
    assert "latest cannot be made to point at 20" in done.stdout
    assert "could not be written" not in done.stdout
    assert len(list(tmp_path.glob("20*/index.html"))) == 1


def test_a_test_that_fails_for_a_reason_of_its_own_says_which() -> None:
    """A cell that kept its promises is no reason: pytest's own words stay."""
    broke = "story × careful: broke\nsome job was lost"
    for verdict, said in ((CellVerdict.KEPT, "assert 0"), (CellVerdict.BROKE, broke)):
        result = without_verdict("story", "careful", "some job was lost")
        result = msgspec.structs.replace(result, verdict=verdict)
        stash, config = pytest.Stash(), SimpleNamespace(stash=pytest.Stash())
        stash[pytest_plugin._result] = result
        report = SimpleNamespace(failed=True, when="call", longrepr="assert 0")
        hook = pytest_plugin.pytest_runtest_makereport(
            cast(pytest.Item, SimpleNamespace(stash=stash, config=config))
        )
        next(hook)
        with suppress(StopIteration):
            hook.send(cast(pytest.TestReport, report))
        assert report.longrepr == said


@pytest.mark.parametrize(("part", "broke"), [(runs.kept, False), (runs.broke, True)])
def test_a_broken_promise_goes_before_what_could_not_be_written(
    tmp_path: Path, part: Callable[[Path], None], *, broke: bool
) -> None:
    """A folder has the name of the link to the newest run; nothing is left of ours."""
    (tmp_path / "latest").mkdir()
    part(tmp_path / "run")
    with pytest.raises(EvidenceNotWritten, match="cannot be made to point at run"):
        run_folder.point_latest_at(tmp_path / "run")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["latest", "run"]
    assert is_broken(tmp_path / "run") is broke


def test_a_crash_of_ours_is_3_and_never_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own exit code would say that a promise is broken."""

    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("harness.report.evidence.judge_run", crash)
    assert command_line.main(["judge", str(tmp_path)]) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.engine
def test_pytest_lets_a_run_without_a_verdict_pass_and_says_so(tmp_path: Path) -> None:
    """A shard, too. Nothing broke; its results say 10 all the same."""
    done = pytest_run(
        PROJECT / "harness/tests/stories/too_little.py",
        f"--reports={tmp_path}",
        "--no-verdict=warn",
        "--shard=1/1",
    )
    assert done.returncode == 0, done.stdout
    assert "\nWARNING: NOT KNOWN, and passed by --no-verdict=warn: " in done.stdout
    assert '"exit_code": 10' in (tmp_path / "latest/results.json").read_text()
