"""Liveness asks the output alone; how a run is shown never decides if it happens."""

import pytest

from harness.terminal.choice import PROGRESS, can_be_live, choose
from harness.terminal.lines import Lines
from harness.terminal.live import Live
from harness.terminal.quiet import Quiet


@pytest.mark.parametrize(
    ("is_terminal", "term", "encoding", "can"),
    [
        (True, "xterm-256color", "utf-8", True),
        (True, "", "UTF8", True),
        (False, "xterm-256color", "utf-8", False),
        (True, "dumb", "utf-8", False),
        (True, "unknown", "utf-8", False),
        (True, "xterm", "ascii", False),
        (True, "xterm", "", False),
    ],
)
def test_what_can_be_live(
    is_terminal: bool, term: str, encoding: str, can: bool
) -> None:
    """A terminal that can move its cursor and write our signs."""
    asked = can_be_live(is_terminal=is_terminal, term=term, encoding=encoding)
    assert asked is can


@pytest.mark.parametrize("coloured", [True, False])
@pytest.mark.parametrize(
    ("progress", "live", "view"),
    [
        ("auto", True, Live),
        ("auto", False, Lines),
        ("live", True, Live),
        ("live", False, Lines),
        ("lines", True, Lines),
        ("lines", False, Lines),
        ("none", True, Quiet),
        ("none", False, Quiet),
    ],
)
def test_the_view(progress: str, live: bool, view: type, coloured: bool) -> None:
    """Colour changes nothing about it; only a live one that cannot be is explained."""
    written: list[str] = []
    assert progress in PROGRESS
    chosen = choose(
        progress,
        can_be_live=live,
        coloured=coloured,
        write=written.append,
        make_room=lambda: 0,
    )
    assert isinstance(chosen, view)
    assert bool(written) == (progress == "live" and not live)
