"""Lines are for logs: a sign of life every fifteen seconds, and no cursor codes."""

import re

import pytest

from harness.clock import now
from harness.terminal.lines import Lines
from harness.terminal.quiet import Quiet
from harness.terminal.state import Said
from harness.tests.terminal.recorded import begin, run_of

SAID = (
    Said(text="story: workload"),
    Said(text="✕ story × outbox  broke", how="kept", colour="red"),
    Said(text="an answer", how="answer"),
)


@pytest.mark.parametrize("coloured", [True, False])
def test_each_thing_that_happens_is_a_line(*, coloured: bool) -> None:
    """With the seconds since the run began; colour is nothing but colour."""
    written: list[str] = []
    view = Lines(written.append, coloured=coloured)
    for said in SAID:
        view.say(said)
    broke = "✕ story × outbox  broke"
    assert written == [
        "     0.0 s  story: workload",
        f"     0.0 s  \x1b[31m{broke}\x1b[0m" if coloured else f"     0.0 s  {broke}",
        "     0.0 s  an answer",
    ]


def test_a_sign_of_life() -> None:
    """Nothing while something is told; after that, before fifteen seconds are over."""
    written: list[str] = []
    view = Lines(written.append)
    state = run_of(["story"], ["outbox"])
    begin(state, "story", ["outbox"])
    view.tick(state, now() + 13.5)
    assert written == []
    view.tick(state, now() + 14.5)
    view.tick(state, now() + 13.5)
    assert len(written) == 1
    assert re.search(r"still at story: begun for .*; 0 of 1 cells are done", written[0])


def test_none_is_nothing_but_answers() -> None:
    """A Ctrl-C that nobody answers would look like one that nobody heard."""
    written: list[str] = []
    view = Quiet(written.append)
    view.open()
    for said in SAID:
        view.say(said)
    view.tick(run_of(["story"], ["outbox"]), now() + 100)
    view.close()
    assert written == ["an answer"]
