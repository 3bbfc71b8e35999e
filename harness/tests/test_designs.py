"""Designs are found and read without being imported."""

from pathlib import Path

import pytest

from harness.designs import find_designs, read_design, select
from harness.errors import UsageError
from harness.history import Promise

GOOD = '''"""Hands work over.

More of it."""
PROMISES = {"runs": {"within_seconds": 9}}
'''


def _write(project: Path, name: str, text: str) -> Path:
    folder = project / "app" / "designs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(text)
    return path


def test_a_design_is_read_from_its_literals(tmp_path: Path) -> None:
    """Promises, limits, line and first sentence come from the file's text."""
    path = _write(tmp_path, "mine", GOOD + "import nothing_that_exists\n")

    design = read_design(path, tmp_path)

    assert design.promises == {"runs": Promise(within_seconds=9)}
    assert design.source == "app/designs/mine.py:4"
    assert design.sentence == "Hands work over."
    assert design.recovery_seconds == 10


def test_the_tutorial_stands_first(tmp_path: Path) -> None:
    """The other designs follow in alphabetical order; private files are none."""
    for name in ("zeta", "tutorial", "alpha", "_helpers", "__init__"):
        _write(tmp_path, name, GOOD)

    assert list(find_designs(tmp_path)) == ["tutorial", "alpha", "zeta"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("PROMISES = {}\n", "no docstring"),
        ('"""Doc."""\n', "has no PROMISES"),
        ('"""Doc."""\nPROMISES = {\n', "mine.py:2"),
        ('"""Doc."""\nPROMISES = dict()\n', "must be a literal"),
        ('"""Doc."""\nPROMISES = ["runs"]\n', "must be a dict"),
        ('"""Doc."""\nPROMISES = {"runs": {"in": 1}}\n', "limits of 'runs'"),
        ('"""Doc."""\nPROMISES = {"runs": {"within_seconds": 61}}\n', "at most 60"),
    ],
)
def test_a_design_that_cannot_be_used_is_named_with_its_fault(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """The message names the file and what is wrong with it."""
    path = _write(tmp_path, "mine", text)

    with pytest.raises(UsageError, match=sentence) as raised:
        read_design(path, tmp_path)

    assert "app/designs/mine.py" in str(raised.value)


def test_an_unknown_design_is_refused_with_those_that_are_there(
    tmp_path: Path,
) -> None:
    """A slip in --designs is answered by the names that would have worked."""
    _write(tmp_path, "mine", GOOD)

    with pytest.raises(UsageError, match="'other'; there is mine"):
        select(find_designs(tmp_path), "other", {"runs"})


def test_a_promise_that_nothing_can_judge_is_refused(tmp_path: Path) -> None:
    """A misspelt promise is an error before anything starts, never a kept one."""
    _write(tmp_path, "mine", GOOD)

    with pytest.raises(UsageError, match="'runs', which no checker can judge"):
        select(find_designs(tmp_path), None, {"ends"})


def test_designs_are_selected_in_the_order_asked_for(tmp_path: Path) -> None:
    """A name given twice counts once."""
    for name in ("a", "b", "c"):
        _write(tmp_path, name, GOOD)

    selected = select(find_designs(tmp_path), "c, a,c", {"runs"})

    assert [design.name for design in selected] == ["c", "a"]
