"""The live screen: drawn again and again at the bottom, gone when the block is over.

It exists for somebody who sits before a terminal. Rich moves the cursor; it is asked to
only where the output is a terminal that can (`choice.py`), and redirects nothing:
pytest's own lines are whole before it opens and go on after it has closed.
"""

from collections.abc import Callable

from rich.console import Console, Group
from rich.control import Control
from rich.live import Live as RichLive
from rich.segment import ControlType
from rich.text import Text

from harness.terminal.matrix import screen
from harness.terminal.state import RunState, Said

_EVERY_SECONDS = 0.5


class Live:
    """Draws the state; lines that are kept scroll away above.

    `make_room` begins a new line, and returns how many above may be written over.
    """

    def __init__(self, make_room: Callable[[], int], *, coloured: bool) -> None:
        self._make_room = make_room
        self._coloured = coloured
        self._drawn = float("-inf")

    def open(self) -> None:
        """Take the lines from here on."""
        self._console = Console(
            force_terminal=True,
            force_interactive=True,
            no_color=not self._coloured,
            markup=False,
            emoji=False,
            highlight=False,
        )
        up = ((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2))
        self._console.control(Control(*(up * self._make_room())))
        self._live = RichLive(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def say(self, said: Said) -> None:
        """Keep a line that is to be kept; the others are seen in the state."""
        if said.how != "passing":
            line = Text(said.text, style=said.colour)
            self._console.print(line, soft_wrap=True)

    def tick(self, state: RunState, at: float) -> None:
        """Draw the state, twice a second."""
        if at - self._drawn < _EVERY_SECONDS:
            return
        self._drawn = at
        width, height = self._console.size
        lines = screen(state, at, width=width - 1, height=height)
        self._live.update(Group(*lines), refresh=True)

    def close(self) -> None:
        """Leave nothing on the screen but what was kept."""
        self._live.stop()
