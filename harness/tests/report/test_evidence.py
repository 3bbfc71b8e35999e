"""A run's folder: judged, written, judged again, and its exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.errors import UsageError
from harness.history import NotRun
from harness.report import exhibits, results
from harness.report.evidence import judge_cells, judge_run, judge_scenario, render_run
from harness.tests.histories import damage
from harness.tests.histories.runs import (
    broke,
    failed,
    interrupted,
    kept,
    lost_stack,
    none,
    put,
    run_json,
    weak,
)
from harness.tests.report.test_outputs import DRAWN
from harness.verdict import CellVerdict

SCHEMA = Path(results.__file__).parent / "schemas/results.schema.json"
OUTPUTS = ("results.json", *DRAWN)


def results_of(folder: Path) -> Any:
    """Return results.json as an outsider reads it."""
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ((kept,), 0),
        ((kept, weak), 0),
        ((kept, weak, broke), 1),
        ((kept, none), 10),
        ((kept, failed), 3),
        ((), 5),
        ((interrupted,), 2),
        ((lost_stack,), 3),
        ((kept, interrupted), 2),
        ((kept, lost_stack), 3),
        ((broke, none, failed, interrupted), 1),
        ((none, failed, interrupted), 2),
        ((none, failed), 3),
        ((none, weak), 10),
    ],
)
def test_the_exit_code_is_the_worst_that_applies(
    tmp_path: Path, parts: tuple[Callable[[Path], None], ...], code: int
) -> None:
    """1, then 2, 3, 10; 5 where nothing ran; each output is written all the same."""
    for part in parts:
        part(tmp_path)
    assert judge_run(tmp_path) == code
    assert results_of(tmp_path)["exit_code"] == code
    assert all((tmp_path / name).stat().st_size for name in OUTPUTS)


def test_a_folder_judged_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """Judging is a function of the folder, whatever was written into it before."""
    for part in (kept, weak, broke, none, failed):
        part(tmp_path)
    judge_run(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in OUTPUTS}
    judge_run(tmp_path)
    assert before == {name: (tmp_path / name).read_bytes() for name in OUTPUTS}
    assert not list(tmp_path.glob(".*"))


def test_results_json_has_the_agreed_shape(tmp_path: Path) -> None:
    """`design.md` §9, name by name, and its schema."""
    run_json(tmp_path, cells=(("story", "broke"), ("story", "kept")))
    broke(tmp_path)
    kept(tmp_path)
    judge_run(tmp_path)
    found = results_of(tmp_path)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(found)
    assert found["schema_version"] == 1
    assert {"id", "seed", "started_at", "seconds", "command", "versions"} <= set(
        found["run"]
    )
    assert [(each["scenario"], each["design"]) for each in found["cells"]] == [
        ("story", "broke"),
        ("story", "kept"),
    ]
    harmed = found["cells"][0]
    assert harmed["verdict"] == "broke"
    guarantee = harmed["guarantees"]["every_job_starts"]
    assert (guarantee["verdict"], guarantee["promised"]) == ("invalid", True)
    (anomaly,) = guarantee["anomalies"]
    assert anomaly["kind"] == "stranded_pending"
    assert (anomaly["count"], anomaly["jobs"]) == (1, ["r1-000002"])
    assert harmed["accounting"] == {
        "asked": 3,
        "accepted": 3,
        "recovered": 0,
        "once": 2,
        "more_than_once": 0,
        "dead_lettered": 0,
        "lost": 0,
        "stuck": 1,
        "refused": 0,
        "vanished": 0,
    }
    (fault,) = harmed["faults"]
    assert {"name", "asked", "confirmed", "healed", "verified"} <= set(fault)


def test_the_shipped_schemas_are_those_of_the_code() -> None:
    """`python -m harness.report.schemas` was run after the last change."""
    assert json.loads(SCHEMA.read_text()) == json.loads(json.dumps(results.schema()))


@pytest.mark.parametrize(
    ("found", "headline"),
    [
        ((kept,), "every promise kept in 1 cell"),
        (
            (kept, weak),
            "every promise kept in 2 cells, 1 with harm that nobody promised to avoid",
        ),
        ((kept, broke), "1 of 2 cells broke a promise of its design"),
        (
            (broke, none),
            "1 of 2 cells broke a promise of its design, 1 of 2 cells has no verdict",
        ),
        ((), "nothing ran"),
        ((kept, interrupted), "every promise kept in 1 cell, interrupted"),
        ((lost_stack,), "nothing ran, the harness failed"),
    ],
)
def test_the_headline_says_the_worst_first(
    tmp_path: Path, found: tuple[Callable[[Path], None], ...], headline: str
) -> None:
    """One sentence, that the page has as title and h1."""
    for part in found:
        part(tmp_path)
    assert judge_cells(tmp_path).headline == headline


def test_cells_asked_for_and_never_run_are_said(tmp_path: Path) -> None:
    """By run.json's own word, or because the run was cut short."""
    kept(tmp_path)
    run_json(
        tmp_path,
        cells=(("story", "kept"), ("story", "late"), ("other", "kept")),
        not_run=(NotRun(scenario="other", design="kept", because="deselected"),),
        interrupted=True,
    )
    found = judge_cells(tmp_path)
    assert [each.design for each in found.cells] == ["kept"]
    assert (
        found.headline == "every promise kept in 1 cell, interrupted: 1 of 3 cells ran"
    )
    assert {(each.design, each.because) for each in found.not_run} == {
        ("kept", "deselected"),
        ("late", "the run was interrupted"),
    }


def test_a_cell_that_was_asked_for_and_left_nothing_has_no_verdict(
    tmp_path: Path,
) -> None:
    """Missing evidence does not look like success."""
    kept(tmp_path)
    run_json(tmp_path, cells=(("story", "kept"), ("story", "gone")))
    found = judge_cells(tmp_path)
    assert [(each.design, each.verdict) for each in found.cells] == [
        ("kept", CellVerdict.KEPT),
        ("gone", CellVerdict.NONE),
    ]
    assert found.exit_code == 10


def test_a_run_json_that_cannot_be_read_is_a_failure_of_the_harness(
    tmp_path: Path,
) -> None:
    """What was asked for is not known."""
    kept(tmp_path)
    (tmp_path / "run.json").write_text("{")
    assert judge_run(tmp_path) == 3
    assert "run.json cannot be read" in results_of(tmp_path)["run"]["harness_error"]


def test_a_folder_made_by_hand_needs_no_run_json(tmp_path: Path) -> None:
    """What the first history says of the run is enough."""
    kept(tmp_path)
    assert judge_run(tmp_path) == 0
    run = results_of(tmp_path)["run"]
    assert (run["id"], run["seed"]) == ("r1", 7)
    assert run["command"] == "pytest scenarios --seed 7"


def test_a_scenario_is_judged_by_itself(tmp_path: Path) -> None:
    """What pytest asks after a scenario was conducted; nothing is written."""
    kept(tmp_path)
    put(tmp_path, "kept", scenario="other")
    found = judge_scenario(tmp_path, "story")
    assert [(each.scenario, each.design) for each in found] == [("story", "kept")]
    assert found[0].kept_its_promise
    assert not (tmp_path / "results.json").exists()


def test_what_is_no_run_folder_is_a_usage_error(tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(UsageError, match="no-such is not the folder of a run"):
        judge_run(tmp_path / "no-such")


def test_a_history_that_cannot_be_opened_has_no_verdict(tmp_path: Path) -> None:
    """It is there, and nobody knows what is in it."""
    path = put(tmp_path, "kept")
    path.unlink()
    path.mkdir()
    (found,) = judge_cells(tmp_path).cells
    assert found.verdict is CellVerdict.NONE
    assert "the history cannot be read" in found.because[0]


def test_a_report_is_drawn_again_from_its_folder(tmp_path: Path) -> None:
    """What was drawn is drawn again, to the byte; results.json is not touched."""
    put(tmp_path, "kept")
    judge_run(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in OUTPUTS}
    for name in OUTPUTS[1:]:
        (tmp_path / name).unlink()
    render_run(tmp_path)
    assert before == {name: (tmp_path / name).read_bytes() for name in OUTPUTS}


def test_a_report_without_histories_lacks_only_the_pictures(tmp_path: Path) -> None:
    """They may be gone by then: every number is in results.json."""
    path = put(tmp_path, "broke", harm=damage.stranded_pending)
    judge_run(tmp_path)
    assert "Latency by when" in (tmp_path / "index.html").read_text()
    path.unlink()
    render_run(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "the evidence cannot be read: No such file" in page
    assert "1 job pending for ever: answered 201" in page
    assert "Latency by when" not in page


def test_each_event_of_a_story_names_its_line_in_the_file(tmp_path: Path) -> None:
    """The evidence is there: at this line, of this kind."""
    path = put(tmp_path, "broke", harm=damage.stranded_pending)
    written = path.read_bytes().splitlines()
    result = judge_cells(tmp_path)
    (cell,) = result.cells
    lines = exhibits.exhibits(tmp_path, result)["story", "broke"].lines
    for story in (*cell.stories, *cell.survivors):
        assert story.events
        for event, line in zip(story.events, lines[story.key], strict=True):
            assert f'"kind":"{event.kind}"'.encode() in written[line - 1]


def test_a_picture_that_crashes_takes_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scene is no verdict."""

    def crash(*_: object) -> None:
        raise ZeroDivisionError("no scene")

    broke(tmp_path)
    monkeypatch.setattr(exhibits, "look", crash)
    assert judge_run(tmp_path) == 1
    page = (tmp_path / "index.html").read_text()
    assert "ZeroDivisionError: no scene" in page
    assert "1 job pending for ever" in page


def test_a_report_without_results_is_judged_first(tmp_path: Path) -> None:
    """`harness report` on a run that was never judged."""
    kept(tmp_path)
    render_run(tmp_path)
    assert all((tmp_path / name).exists() for name in OUTPUTS)


def test_results_that_cannot_be_read_are_a_usage_error(tmp_path: Path) -> None:
    """The message says what to do."""
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(UsageError, match="harness judge"):
        render_run(tmp_path)
