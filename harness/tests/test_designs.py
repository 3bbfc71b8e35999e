"""Designs are found and read without being imported."""

from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from harness.designs import check_imports, find_designs, read_design, select
from harness.errors import UsageError
from harness.history import Promise

GOOD = '''"""Hands work over.

More of it."""
PROMISES = {"runs": {"within_seconds": 9}}
'''
KNOWN, LIMITS = {"runs"}, {"runs": 20.0}


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
    assert design.recovery_seconds == 5


def test_designs_climb_from_the_tutorial_by_what_they_promise(tmp_path: Path) -> None:
    """Private files are no designs; equals stand in alphabetical order."""
    for name in ("alpha", "tutorial", "_helpers", "__init__"):
        _write(tmp_path, name, GOOD)
    for name in ("zeta", "beta"):
        _write(tmp_path, name, '"""Promises nothing."""\nPROMISES = {}\n')

    assert list(find_designs(tmp_path)) == ["tutorial", "beta", "zeta", "alpha"]


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
        (
            '"""Doc."""\nPROMISES = {"runs": {"within_seconds": "9"}}\n',
            "'9' s: a limit",
        ),
        ('"""Doc."""\nPROMISES = {[]: {}}\n', "must be a literal"),
        ('"""Doc."""\nPROMISES = {}\nRECOVERY_SECONDS = None\n', "py:3: RECOVERY_S"),
        ('"""Doc."""\nPROMISES = {}\nRECOVERY_SECONDS = -1\n', "a number, 0 or more"),
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
        select(find_designs(tmp_path), "other", KNOWN, LIMITS)


def test_a_promise_that_nothing_can_judge_is_refused(tmp_path: Path) -> None:
    """A misspelt promise is an error before anything starts, never a kept one."""
    _write(tmp_path, "mine", GOOD)

    with pytest.raises(UsageError, match="'runs', which no checker can judge"):
        select(find_designs(tmp_path), None, {"ends"}, {})


@pytest.mark.parametrize(
    ("promise", "limits", "sentence"),
    [
        ("{'within_seconds': 9}", {}, "'runs' with a limit, and it takes none"),
        ("{}", {"runs": 20.0}, "'runs' without a limit: .* n at most 20"),
        ("{'within_seconds': 21}", {"runs": 20.0}, "within 21 s, which cannot be"),
    ],
)
def test_a_limit_is_given_where_one_is_needed_and_nowhere_else(
    tmp_path: Path, promise: str, limits: dict[str, float], sentence: str
) -> None:
    """A limit that nobody judges would look like a promise, and be none."""
    path = _write(tmp_path, "mine", f'"""Doc."""\nPROMISES = {{"runs": {promise}}}\n')

    with pytest.raises(UsageError, match=sentence) as raised:
        select(find_designs(tmp_path), None, KNOWN, limits)

    assert f"{path.relative_to(tmp_path)}:2: PROMISES names" in str(raised.value)


def test_designs_are_selected_in_the_order_asked_for(tmp_path: Path) -> None:
    """A name given twice counts once."""
    for name in ("a", "b", "c"):
        _write(tmp_path, name, GOOD)

    selected = select(find_designs(tmp_path), "c, a,c", KNOWN, LIMITS)

    assert [design.name for design in selected] == ["c", "a"]


PROJECT = Path(__file__).parents[2]


def test_the_project_s_own_designs_can_be_imported() -> None:
    """Each in a process of its own, as its containers will."""
    check_imports(PROJECT, list(find_designs(PROJECT).values()))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import nothing_of_that_name\n", r"broken.py:3: ModuleNotFoundError"),
        ("1 / 0\n", r"broken.py:3: ZeroDivisionError"),
        ("", r"ImproperlyConfigured: .*broken.py lacks CELERY, create"),
        ("import os\nos._exit(7)\n", "ended with exit code 7"),
    ],
)
def test_a_design_that_does_not_import_is_named_with_its_cause(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """Before any container starts, in one sentence, with file and line."""
    copytree(PROJECT / "app", tmp_path / "app", ignore=ignore_patterns("tests"))
    path = _write(tmp_path, "broken", f'"""Doc."""\nPROMISES = {{}}\n{text}')

    with pytest.raises(UsageError, match=sentence) as raised:
        check_imports(tmp_path, [read_design(path, tmp_path)])

    assert "app/designs/broken.py" in str(raised.value)
