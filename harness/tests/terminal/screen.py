"""A command in a real pseudo-terminal, and what a person would see there."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from typing import Self

import pyte

from harness.clock import wait_until

_ABOUT_TERMINALS = {"TERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI"}
# The pseudo-terminal becomes the one whose Ctrl-C the command gets.
_TAKE_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Screen:
    """A process whose terminal is read by an emulator; `raw` is all that it wrote."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.raw = b""
        self._lock = threading.Lock()
        self._screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, theirs = pty.openpty()
        self._size(columns, rows)
        cleaned = {k: v for k, v in os.environ.items() if k not in _ABOUT_TERMINALS}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**cleaned, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._ours)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 65536)
            except OSError:  # the other end is closed
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                self._stream.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, as a window manager does."""
        with self._lock:
            self._screen.resize(rows, columns)
        self._size(columns, rows)

    def _size(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)

    def press(self, keys: bytes) -> None:
        """Type on its keyboard."""
        os.write(self._ours, keys)

    def lines(self) -> list[str]:
        """Return what is on the screen now."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    def all_lines(self) -> list[str]:
        """Return what has scrolled away, and what is on the screen."""
        with self._lock:
            above = [
                "".join(row[n].data for n in range(self._screen.columns)).rstrip()
                for row in self._screen.history.top
            ]
        return [*above, *self.lines()]

    def wait_for(self, text: str, *, within_seconds: float = 60) -> list[str]:
        """Wait until this is on the screen; return the screen."""
        wait_until(
            lambda: (
                any(text in line for line in self.lines())
                or self.process.poll() is not None
            ),
            within_seconds=within_seconds,
        )
        seen = self.lines()
        assert any(text in line for line in seen), "\n".join(self.all_lines())
        return seen

    def ends(self) -> int:
        """Wait for its end, and for the last of its output; return its exit code."""
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=10)
        return code


if __name__ == "__main__":
    # Look with your own eyes: python -m harness.tests.terminal.screen pytest ...
    with Screen(sys.argv[1:], {}) as shown:
        shown.ends()
        print("\n".join(shown.all_lines()))
