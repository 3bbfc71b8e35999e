"""Nothing while it runs, except an answer to somebody who asks for one.

It exists for `--progress none`: only the run's last lines are wanted. A Ctrl-C that
nobody answers would look like one that nobody heard.
"""

from harness.terminal.lines import Write
from harness.terminal.state import RunState, Said


class Quiet:
    """Writes answers only."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def open(self) -> None:
        """Show nothing."""

    def say(self, said: Said) -> None:
        """Write an answer."""
        if said.how == "answer":
            self._write(said.text)

    def tick(self, state: RunState, at: float) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""
