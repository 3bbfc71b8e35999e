"""What a person sees while scenarios run, and at their end.

It exists so that long work never looks dead, on a terminal and in a CI log alike, and
so that what broke is the last thing on the screen.

    terminal.py       the one thread that writes; everybody else only puts things down
    state.py          how far the run is, folded from what happens
    scenario_state.py how far its running scenario is
    lines.py          a line for each thing that happens (CI logs, files, pipes)
    live.py           a matrix that is drawn again and again (a terminal)
    matrix.py         that matrix as text
    quiet.py          nothing, until the end
    choice.py         which of the three, by --progress and what the output is
    end.py            the last lines of a run
    beside_pytest.py  how they live together with pytest's own lines
    words.py          the signs and words that all of them use

Liveness and colour are two decisions: live is a terminal that can move its cursor;
colour is pytest's own decision (a terminal or FORCE_COLOR, never with NO_COLOR).
"""

from harness.terminal.lines import Lines

__all__ = ["Lines"]
