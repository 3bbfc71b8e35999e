"""Which view shows a run: by what was asked for and what the output is.

It exists because liveness and colour are two decisions. Many CI services set
FORCE_COLOR, and a live screen in a log is thousands of cursor codes; so liveness asks
the output alone: a terminal that can move its cursor and write our signs.
"""

from collections.abc import Callable
from typing import Literal, get_args

from harness.terminal.lines import Lines, Write
from harness.terminal.live import Live
from harness.terminal.quiet import Quiet
from harness.terminal.terminal import View

Progress = Literal["auto", "live", "lines", "none"]
PROGRESS: tuple[Progress, ...] = get_args(Progress)


def choose(
    progress: Progress,
    *,
    can_be_live: bool,
    coloured: bool,
    write: Write,
    make_room: Callable[[], int],
) -> View:
    """Return the view; lines where a live one is asked for and cannot be.

    That is said, and no error: how a run is shown must not decide whether it happens.
    """
    if progress == "none":
        return Quiet(write)
    if progress != "lines" and can_be_live:
        return Live(make_room, coloured=coloured)
    if progress == "live":
        write(
            "--progress live: the output is no terminal that can move its cursor; "
            "a line is written for each thing that happens"
        )
    return Lines(write, coloured=coloured)


def can_be_live(*, is_terminal: bool, term: str, encoding: str) -> bool:
    """Say whether a live screen can be drawn there. `term` is the variable TERM."""
    return (
        is_terminal
        and term not in {"dumb", "unknown"}
        and encoding.lower().replace("-", "").startswith("utf")
    )
