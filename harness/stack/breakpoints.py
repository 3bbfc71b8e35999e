"""A lane's breakpoints, as the harness arms them and lets them go.

They exist as files on the probe's mount: what an armed one does to whoever arrives
there, and where the points lie, is told in harness/probe/celery_probe/breakpoints.py.
"""

from collections.abc import Sequence
from pathlib import Path


class Breakpoints:
    """The breakpoints of one lane, in a folder beside its attempts ledger."""

    def __init__(self, probe_folder: Path) -> None:
        self._folder = probe_folder / "breakpoints"
        self._draft = probe_folder / "breakpoint.draft"

    def arm(self, point: str, nth: int, roles: Sequence[str]) -> None:
        """Let the `nth` arrival from now on, of any of these roles, wait there."""
        self._folder.mkdir(exist_ok=True)
        self._draft.touch()
        self._folder.chmod(0o755)  # the app's unprivileged user looks into it,
        self._draft.chmod(0o666)  # and counts in here
        self._draft.replace(self._file(point, nth, roles))

    def let_go(self, point: str, nth: int, roles: Sequence[str]) -> None:
        """Disarm it; whoever waits there goes on. One that is let go stays so."""
        self._file(point, nth, roles).unlink(missing_ok=True)

    def clear(self) -> None:
        """Let go all that an earlier harness has left armed."""
        for left in self._folder.glob("*"):
            left.unlink(missing_ok=True)

    def _file(self, point: str, nth: int, roles: Sequence[str]) -> Path:
        return self._folder / f"{point}@{nth}@{'+'.join(roles)}"
