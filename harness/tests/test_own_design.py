"""A user's own design, by the very lines that the README shows, on the real stack."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parents[2]

# What the user's editor does: the effect leaves the transaction, and loses its key.
EDITOR = r"""
import pathlib, sys
path = pathlib.Path(sys.argv[1])
text = path.read_text()
before = "        attempts.finish(job, result)\n"
assert before in text
text = text.replace(before, '''        Effect.objects.create(job=job)
        owned = Job.objects.filter(id=job.id, status="started", attempt=job.attempt)
        owned.update(status="finished", result=result)
''').replace("from jobs.models import Job\n", "from jobs.models import Effect, Job\n")
path.write_text(text)
"""


def _copy_of_the_project(folder: Path) -> Path:
    """Copy what a clone would have, and the virtual environment by its name."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in files.stdout.split("\0"):
        if name and (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    if (PROJECT / ".env").exists():
        shutil.copy2(PROJECT / ".env", folder / ".env")
    return folder


def _lines_of_the_readme() -> list[str]:
    section = (PROJECT / "README.md").read_text().split("\n### A design\n")[1]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return block[1].splitlines()


def test_the_readme_s_lines_give_a_design_its_row(tmp_path: Path) -> None:
    """A design whose effect left its transaction is found out; its model is kept."""
    project = _copy_of_the_project(tmp_path / "project")
    (tmp_path / "editor.py").write_text(EDITOR)
    environment = os.environ | {"EDITOR": f"{sys.executable} {tmp_path}/editor.py"}

    copy, edit, chaos = _lines_of_the_readme()
    for line in (copy, edit):
        subprocess.run(line, shell=True, cwd=project, env=environment, check=True)
    run = subprocess.run(
        chaos,
        shell=True,
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 2, run.stdout + run.stderr  # make's word for pytest's 1
    results = json.loads((project / "reports/latest/results.json").read_text())
    cells = {cell["design"]: cell for cell in results["cells"]}
    (anomaly,) = cells["mine"]["guarantees"]["effects_happen_once"]["anomalies"]
    assert results["exit_code"] == 1
    assert cells["mine"]["verdict"] == "broke"
    assert anomaly["kind"] == "duplicate_effect"
    assert cells["idempotent"]["verdict"] == "kept"
