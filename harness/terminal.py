"""What a person sees while scenarios run: one line for each thing that happens.

It exists so that long work never looks dead, on a terminal and in a CI log alike:
plain lines, no cursor codes, each with the seconds since the run began.
"""

import threading
from collections.abc import Callable

from harness.clock import now


class Lines:
    """Writes lines from many threads through one function."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._begun = now()

    def tell(self, line: str) -> None:
        """Write one line with the seconds since the first."""
        with self._lock:
            self._write(f"  {now() - self._begun:6.1f} s  {line}")
