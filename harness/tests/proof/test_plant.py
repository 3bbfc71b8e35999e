"""Each defect fits its design, and is planted in a copy only."""

import ast
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import checkers
from harness.designs import find_designs
from harness.errors import UsageError
from harness.proof import defects
from harness.proof.defects import DEFECTS, NEIGHBOURS, Defect, select, with_neighbours
from harness.proof.plant import break_text, plant
from harness.proof.stories import STORIES

PROJECT = Path(__file__).parents[3]
DESIGNS = PROJECT / "app" / "designs"
PLANTED = (*NEIGHBOURS, *DEFECTS)


@pytest.fixture(name="copy", scope="module")
def _copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("proof") / "planted"
    plant(PROJECT, copy, PLANTED)
    return copy


@pytest.mark.parametrize("defect", PLANTED, ids=lambda defect: defect.name)
def test_a_defect_is_its_design_with_one_place_changed(
    defect: Defect, copy: Path
) -> None:
    """The text differs there and nowhere else, and is still a design."""
    start = (copy / f"app/designs/{defect.start}.py").read_text()
    broken = (copy / f"app/designs/{defect.name}.py").read_text()

    before, after = start.split(defect.before)
    assert broken == f"{before}{defect.after}{after}"
    assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(start))
    assert find_designs(copy)[defect.name].promises


@pytest.mark.parametrize("defect", PLANTED, ids=lambda defect: defect.name)
def test_what_a_defect_names_is_there(defect: Defect) -> None:
    """Its story is one, and what must name it a checker reports, or it waits."""
    assert defect.story in STORIES
    if not defect.waits and defect.anomaly is not None:
        assert {defect.anomaly} | defect.beside <= set(checkers.kinds())


def test_the_project_itself_stays_as_it_is(copy: Path) -> None:
    """The designs in the copy that were there before are the project's own."""
    for design in DESIGNS.glob("*.py"):
        assert (copy / "app/designs" / design.name).read_text() == design.read_text()
    assert not {each.name for each in PLANTED} & {
        each.stem for each in DESIGNS.glob("*")
    }
    assert "celery-proving-ground-defects" in (copy / ".env").read_text()


@pytest.mark.parametrize("found", [0, 2])
def test_a_defect_that_does_not_fit_any_more_is_an_error(found: int) -> None:
    """Its text must be there exactly once: it says so, and what to do."""
    defect = replace(DEFECTS[0], before="publish()\n", after="")

    with pytest.raises(UsageError, match=rf"does not fit .* {found} times, not once"):
        break_text(defect, "publish()\n" * found, where="idempotent.py")


def test_selection() -> None:
    """By name, with the neighbours that they start from; nothing that must wait."""
    (chosen,) = select("retry_without_bound")

    assert [each.name for each in with_neighbours([chosen])] == [
        "outbox_without_resend",
        "outbox_in_a_hurry",
        "retry_without_bound",
    ]
    with pytest.raises(UsageError, match="there is publish_before_commit"):
        select("nothing")


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"anomaly": "haunted"}, "no checker reports haunted yet"),
        ({"waits_for": "no fault does it yet"}, "no fault does it yet"),
    ],
)
def test_a_defect_may_have_to_wait(
    changes: dict[str, str], because: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says why, is left out of all of them, and is refused by its name."""
    waiting: Any = replace(DEFECTS[0], **changes)  # type: ignore[arg-type]
    monkeypatch.setattr(defects, "DEFECTS", (waiting, DEFECTS[1]))

    assert waiting.waits == because
    assert select(None) == (DEFECTS[1],)
    with pytest.raises(UsageError, match=f"cannot be shown: {because}"):
        select(waiting.name)


def test_a_copy_needs_no_env_file(tmp_path: Path) -> None:
    """A project that was never set up has none."""
    shutil.copytree(PROJECT / "app", tmp_path / "project/app")
    plant(tmp_path / "project", tmp_path / "copy", ())

    assert (tmp_path / "copy/.env").read_text().startswith("APP_IMAGE=")
