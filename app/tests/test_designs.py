"""Tests of designs/__init__.py: the seam, and what each file must have."""

import ast
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import designs

FOLDER = Path(designs.__file__).parent
NAMES = sorted(file.stem for file in FOLDER.glob("[!_]*.py"))


def loaded(design: str, *, folder: Path = FOLDER.parent) -> str:
    """Load a design as a process of the app would; give what it had to complain."""
    tried = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=folder,
        env={
            "DESIGN": design,
            "SECRET_KEY": "tests",
            "DATABASE_URL": "postgres://127.0.0.1:1/none",
            "BROKER_URL": "amqp://127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1/0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip().rpartition("\n")[2] if tried.returncode else ""


@pytest.mark.parametrize("name", NAMES)
def test_each_design_loads_and_tells_its_promises_without_being_run(name: str) -> None:
    """A design has all parts of the seam; its promises can be read from its text."""
    design = import_module(f"designs.{name}")
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    literals = {
        statement.target.id
        for statement in tree.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and statement.target.id == "PROMISES"
        and isinstance(ast.literal_eval(statement.value or ast.Constant(None)), dict)
    }

    assert "PROMISES" in literals
    assert ast.get_docstring(tree)
    assert [part for part in designs.PARTS if not hasattr(design, part)] == []


def test_an_unknown_design_is_named_with_those_that_are_known() -> None:
    """A typing error in DESIGN is one clear sentence."""
    complaint = loaded("outbx")

    assert "DESIGN is 'outbx'" in complaint
    assert "outbox, requeue, retry, tutorial" in complaint


def test_a_design_that_lacks_a_part_is_told_which(tmp_path: Path) -> None:
    """A new file that is not finished is one clear sentence."""
    for entry in FOLDER.parent.iterdir():
        if entry.is_dir() and entry.name != "designs":
            (tmp_path / entry.name).symlink_to(entry)
    shutil.copy(FOLDER.parent / "manage.py", tmp_path)
    (tmp_path / "designs").mkdir()
    (tmp_path / "designs/__init__.py").symlink_to(FOLDER / "__init__.py")
    (tmp_path / "designs/mine.py").write_text("PROMISES = {}\nCELERY = {}\n")

    complaint = loaded("mine", folder=tmp_path)

    assert complaint.endswith("app/designs/mine.py lacks create, saved, perform.")
