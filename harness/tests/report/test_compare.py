"""Two runs: what is new, what is fixed, and what cannot be said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.__main__ import main as harness
from harness.report import html
from harness.report.compare import compare, lines
from harness.report.evidence import judge_cells, judge_run
from harness.tests.histories import damage, runs
from harness.tests.histories.build import Facts
from harness.tests.report.pages import Page

Harm = Callable[[Facts, int], Facts] | None
STRANDED = "every_job_starts: 1 job pending for ever (promised)"


def run(folder: Path, *, harm: Harm = None, **fields: object) -> Path:
    """Make a run with two cells, of which the second is harmed."""
    folder.mkdir()
    runs.put(folder, "same")
    runs.put(folder, "changed", harm=harm)
    runs.run_json(folder, id=folder.name, **fields)
    return folder


@pytest.fixture(name="clean")
def _clean(tmp_path: Path) -> Path:
    return run(tmp_path / "clean")


@pytest.fixture(name="harmed")
def _harmed(tmp_path: Path) -> Path:
    return run(tmp_path / "harmed", harm=damage.stranded_pending)


def test_harm_is_new_one_way_and_fixed_the_other(clean: Path, harmed: Path) -> None:
    """Only the changed cell is named."""
    worse = compare(judge_cells(clean), judge_cells(harmed))
    assert [(c.state, c.lane, c.sentence) for c in worse.changes] == [
        ("new", "changed", STRANDED)
    ]
    assert (worse.alike, worse.breaks_a_promise) == (1, True)
    better = compare(judge_cells(harmed), judge_cells(clean))
    assert [(c.state, c.sentence) for c in better.changes] == [("fixed", STRANDED)]
    assert not better.breaks_a_promise
    assert better.marks == {("story", "changed"): "fixed"}


def test_a_verdict_that_is_gone_is_neither_new_nor_fixed(
    tmp_path: Path, clean: Path, harmed: Path
) -> None:
    """What is not known now is said to be not known."""
    lost = run(tmp_path / "lost", harm=damage.stranded_pending)
    path = lost / "story/changed/history.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    gone = compare(judge_cells(harmed), judge_cells(lost))
    assert [change.state for change in gone.changes] == ["no verdict"]
    assert not gone.breaks_a_promise
    back = compare(judge_cells(lost), judge_cells(clean))
    assert back.changes == ()
    cut = run(tmp_path / "cut", harm=damage.duplicate_effect)
    path = cut / "story/changed/history.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert compare(judge_cells(cut), judge_cells(clean)).changes == ()
    broke = compare(judge_cells(cut), judge_cells(harmed))
    assert [(c.state, c.sentence) for c in broke.changes] == [("new", STRANDED)]


def test_a_promise_of_what_was_never_kept_is_broken_anew(tmp_path: Path) -> None:
    """The same harm, which nobody had promised to avoid."""
    for name, promises in (("before", ()), ("after", ("every_job_starts",))):
        folder = tmp_path / name
        runs.put(folder, harm=damage.stranded_pending, promises=promises)
        runs.run_json(folder, id=name)
    found = compare(judge_cells(tmp_path / "before"), judge_cells(tmp_path / "after"))
    assert [(each.state, each.sentence) for each in found.changes] == [
        ("new", STRANDED)
    ]
    assert found.breaks_a_promise


def test_cells_of_one_run_alone_and_other_differences_are_said(
    tmp_path: Path, clean: Path
) -> None:
    """A change may have come of them."""
    other = run(tmp_path / "other", seed=8, versions={"celery": "5.7"})
    runs.put(other, "added")
    found = compare(judge_cells(clean), judge_cells(other))
    assert found.only == ("only in the run now: story × added",)
    assert found.apart == ("seed 7 before, 8 now", "celery none before, 5.7 now")
    assert lines(found)[-1] == (
        "against clean: 0 new, 0 fixed, 0 lost their verdict, 2 cells alike"
    )


def test_diff_says_what_changed_and_exits_1_for_a_broken_promise(
    clean: Path, harmed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`harness diff A B` judges what was never judged."""
    assert harness(["diff", str(clean), str(harmed)]) == 1
    assert f"new  story × changed  {STRANDED}" in capsys.readouterr().out
    assert harness(["diff", str(harmed), str(clean)]) == 0
    assert f"fixed  story × changed  {STRANDED}" in capsys.readouterr().out


def test_a_run_that_is_not_there_is_a_usage_error(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and which folder it is about."""
    missing = str(clean.parent / "missing")
    assert harness(["diff", missing, str(clean)]) == 4
    assert "missing is not the folder of a run" in capsys.readouterr().err
    assert harness(["report", str(clean), "--against", missing]) == 4


def test_a_folder_that_no_run_has_left_is_not_written_to(
    tmp_path: Path, clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody's site, or the folder of all runs."""
    page = tmp_path / "site" / "index.html"
    page.parent.mkdir()
    page.write_text("mine")
    for command in (
        ["diff", page.parent, clean],
        ["report", clean, "--against", page.parent],
        ["report", page.parent],
        ["judge", page.parent],
    ):
        assert harness([str(each) for each in command]) == 4
        assert "it has no run.json and no histories" in capsys.readouterr().err
    assert page.read_text() == "mine"
    assert list(page.parent.iterdir()) == [page]


def test_a_report_against_another_marks_its_cells(clean: Path, harmed: Path) -> None:
    """On the first screen, in the list and in the matrix."""
    before, now = judge_cells(clean), judge_cells(harmed)
    text = html.render(now, None, compare(before, now))
    said = " ".join(Page(text).text.split())
    assert "Against clean: 1 new, 0 fixed" in said
    assert f"new story × changed: {STRANDED}" in said
    assert text.count('<span class="mark new">new</span>') == 1
    assert "mark new" not in html.render(now)


def test_the_command_draws_against(clean: Path, harmed: Path) -> None:
    """`harness report A --against B`."""
    judge_run(harmed)
    assert harness(["report", str(harmed), "--against", str(clean)]) == 0
    assert "Against clean: 1 new" in (harmed / "index.html").read_text()
