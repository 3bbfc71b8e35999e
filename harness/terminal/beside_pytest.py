"""Our lines beside pytest's own: never in one of its lines, and its line goes on after.

It exists because pytest begins a line before a test and ends it after: "test_x.py ..".
What is conducted meanwhile needs whole lines. It imports nothing of pytest, and is
given its reporter.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class BesidePytest:
    """Pytest's terminal; without one (`-p no:terminal`) nothing is written."""

    def __init__(self, reporter: Any, writer: Any) -> None:
        self._reporter = reporter
        self._writer = writer

    @property
    def is_terminal(self) -> bool:
        """Whether the output is a terminal."""
        return self._reporter is not None and bool(self._reporter.isatty())

    @property
    def coloured(self) -> bool:
        """Whether pytest would colour: a terminal or FORCE_COLOR, never NO_COLOR."""
        return self._reporter is not None and bool(self._reporter.hasmarkup)

    def write(self, line: str) -> None:
        """Write a line of ours, at once."""
        if self._reporter is None:
            return
        self.make_room()
        self._writer.line(line)
        self._writer.flush()

    def section(self, title: str) -> None:
        """Write a line across, as pytest does before a part of its own."""
        if self._reporter is not None:
            self._reporter.section(title)

    def make_room(self) -> int:
        """End pytest's line; return how many rows its mere beginning has taken.

        A line with dots in it says something, and stays: that is 0 rows.
        """
        width = self._writer.width_of_current_line
        if not width:
            return 0
        begun = self._reporter.currentfspath
        self._writer.line()
        self._writer.flush()
        self._reporter.currentfspath = None
        says_nothing = width == len(self._beginning(begun))
        return -(-width // self._writer.fullwidth) if says_nothing else 0

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Let pytest's line go on when the block is over, if it was ended in it."""
        begun = self._reporter.currentfspath if self._reporter is not None else None
        try:
            yield
        finally:
            beginning = self._beginning(begun)
            if beginning and self._reporter.currentfspath is None:
                self._writer.write(beginning, flush=True)
                self._reporter.currentfspath = begun

    def _beginning(self, begun: object) -> str:
        """Return how pytest begins a line: with a file's path, or a test's (`-v`)."""
        if isinstance(begun, Path):
            return f"{os.path.relpath(begun, self._reporter.startpath)} "
        return begun if isinstance(begun, str) else ""
