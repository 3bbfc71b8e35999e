"""Plants defects: in a copy of the app, each as a design file beside the real ones.

It exists so that the app and its designs never contain a defect, not even for a while,
and so that several can run side by side, as lanes of one stack.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.proof.defects import Defect

# So that `docker compose up` never runs an image with defects in it.
_IMAGE = "celery-proving-ground-defects"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "static", "tests", ".*_cache")


def plant(project: Path, copy: Path, defects: Sequence[Defect]) -> None:
    """Copy what a stack is started from, and write a design for each defect.

    Raises UsageError where a defect's text is not in its design exactly once.
    """
    shutil.copytree(project / "app", copy / "app", ignore=_LEFT_OUT)
    for name in ("compose.yaml", ".env"):
        if (project / name).exists():
            shutil.copy2(project / name, copy / name)
    with (copy / ".env").open("a") as settings:
        settings.write(f"APP_IMAGE={_IMAGE}\n")
    folder = copy / "app" / "designs"
    for defect in defects:
        design = folder / f"{defect.start}.py"
        broken = break_text(defect, design.read_text(), where=design.name)
        (folder / f"{defect.name}.py").write_text(broken)


def break_text(defect: Defect, text: str, *, where: str) -> str:
    """Return the design's text with the defect in it. Raises UsageError."""
    found = text.count(defect.before)
    if found != 1:
        raise UsageError(
            f"the defect {defect.name} does not fit {where} any more: its text is "
            f"there {found} times, not once; mend harness/proof/defects.py. It is:\n"
            f"{defect.before}"
        )
    return text.replace(defect.before, defect.after)
