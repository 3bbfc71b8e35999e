"""A line for each thing that happens, with the seconds since the run began.

It exists for CI logs, files and pipes: no cursor codes whatever the environment says,
and a sign of life at least every fifteen seconds.
"""

import threading
from collections.abc import Callable

from harness.clock import now
from harness.terminal.state import RunState, Said
from harness.terminal.words import paint

# Said at least every 15 s (`reporting.md` §2), by a thread that looks twice a second.
_SILENT_SECONDS = 14.0

Write = Callable[[str], None]


class Lines:
    """Writes lines from many threads through one function."""

    def __init__(self, write: Write, *, coloured: bool = False) -> None:
        self._write = write
        self._coloured = coloured
        self._lock = threading.Lock()
        self._begun = now()
        self._written = now()

    def tell(self, line: str) -> None:
        """Write one line with the seconds since the first."""
        with self._lock:
            self._line(line)

    def open(self) -> None:
        """Begin where others have left off: each line is whole by itself."""

    def say(self, said: Said) -> None:
        """Write the line."""
        self._line(paint(said.text, said.colour, coloured=self._coloured))

    def tick(self, state: RunState, at: float) -> None:
        """Write what is going on, if nothing was written for too long."""
        if at - self._written >= _SILENT_SECONDS:
            self._line(f"still at {state.standing(at)[0]}")

    def close(self) -> None:
        """Leave what is written."""

    def _line(self, line: str) -> None:
        self._written = now()
        self._write(f"  {self._written - self._begun:6.1f} s  {line}")
