"""`.env` beside compose.yaml: what this machine differs in, for Compose and for us.

It exists so that `harness setup` can leave image names where both will find them,
without ever losing a line that a user wrote, or leaving half a file.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

_REMARK = "# By `harness setup`: stand-ins for images that it could not pull."


def read(project: Path) -> dict[str, str]:
    """Return the variables of the project's `.env`; none where there is no file."""
    values = dotenv_values(project / ".env", interpolate=False)
    return {name: value for name, value in values.items() if value is not None}


def update(project: Path, values: Mapping[str, str | None]) -> None:
    """Set variables, or with None take them out; every other line stays as it is.

    The file changes at once or not at all, and not even its date when all is well.
    """
    path = project / ".env"
    before = path.read_text() if path.exists() else ""
    kept = [
        line
        for line in before.splitlines()
        if line.partition("=")[0].strip() not in values and line != _REMARK
    ]
    ours = [f"{name}={value}" for name, value in values.items() if value is not None]
    if ours:
        ours.insert(0, _REMARK)
    after = "".join(f"{line}\n" for line in kept + ours)
    if after != before:
        _replace(path, after)


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".env.")
    new = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        # A user may keep secrets in it: never open it wider than it was.
        new.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
