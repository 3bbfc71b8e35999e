"""The live screen fits every terminal, and shows the running scenario in each."""

import pytest

from harness.report.html import GLYPHS
from harness.terminal.matrix import screen
from harness.terminal.state import RunState
from harness.tests.terminal.recorded import HOSTILE, begin, cell, replay, run_of
from harness.verdict import CellVerdict

DESIGNS = ("tutorial", "early_ack", "late_ack", "requeue", "idempotent", "outbox")
SCENARIOS = tuple(f"scenario_number_{number:02}" for number in range(32))


def _half_way(scenarios: tuple[str, ...], designs: tuple[str, ...]) -> RunState:
    """Return a run whose scenarios of the first half are done, and the next runs."""
    state = run_of(scenarios, designs)
    half = len(scenarios) // 2
    for number, name in enumerate(scenarios[:half]):
        begin(state, name, designs)
        verdict = list(CellVerdict)[number % 4]
        list(state.judged([cell(name, each, verdict) for each in designs], 1030.0))
    begin(state, scenarios[half], designs)
    replay(state, designs, until=1003.0)
    list(state.tell(HOSTILE))
    return state


def _lines(state: RunState, *, width: int, height: int) -> list[str]:
    return [line.plain for line in screen(state, 1003.5, width=width, height=height)]


@pytest.mark.parametrize(
    ("width", "height"), [(80, 24), (40, 24), (200, 60), (20, 10), (79, 8), (1, 1)]
)
def test_it_fits(width: int, height: int) -> None:
    """32 scenarios and 6 designs, and no line is wider than the terminal."""
    lines = screen(_half_way(SCENARIOS, DESIGNS), 1003.5, width=width, height=height)
    assert max(line.cell_len for line in lines) <= width
    assert len(lines) <= max(height, 14)
    assert all(line.plain.isprintable() for line in lines)


def test_eighty_columns_have_room_for_names() -> None:
    """The running row is in the middle, signs are below the names of their designs."""
    lines = _lines(_half_way(SCENARIOS, DESIGNS), width=79, height=24)
    assert lines[:2] == [
        " 96 of 192 cells   1 min 44 s   eta 7 min 56 s",
        " 24 kept, 24 with a weakness, 24 broke, 24 no verdict",
    ]
    names = next(line for line in lines if "tutorial" in line)
    assert names.split() == list(DESIGNS)
    running = next(line for line in lines if line.startswith(" scenario_number_16"))
    assert running.split()[1:] == ["●"] * 6
    assert " scenarios 12 to 21 of 32   seed 1107   run 20261123-031500-4f2c" in lines
    place = names.index("early_ack")
    assert "●" in running[place : place + len("early_ack")]


def test_the_window_ends_where_the_matrix_does() -> None:
    """At the end, the last rows fill it."""
    state = _half_way(SCENARIOS, DESIGNS)
    for name in SCENARIOS[16:31]:
        list(state.judged([cell(name, each) for each in DESIGNS], 1030.0))
    begin(state, SCENARIOS[31], DESIGNS)
    lines = _lines(state, width=79, height=24)
    assert any(line.startswith(" scenarios 22 to 32 of 32") for line in lines)


def test_every_verdict_has_its_sign() -> None:
    """The signs are those of the report, and what has not run has a dot."""
    lines = "\n".join(_lines(_half_way(SCENARIOS[:8], DESIGNS), width=79, height=40))
    for sign in (*GLYPHS.values(), "●", "·"):
        assert f" {sign} " in lines


def test_what_is_going_on() -> None:
    """Claim, phases with their times, the fault's times, the work, the last line."""
    lines = _lines(_half_way(SCENARIOS[:8], DESIGNS), width=120, height=40)
    assert lines[-5:] == [
        " scenario_number_04: A claim.",
        "   reset  warm-up  ● workload 3 s  settle  final-read  judge ",
        "   refuse-rabbitmq  asked 2.0  confirmed 2.2 s",
        "   jobs asked for 20, accepted 19, in the queues not seen",
        r"   a\x1b[2J\x07 b\u202e\ud800",
    ]


def test_a_lane_that_failed_has_no_verdict_already() -> None:
    """Nobody waits a minute to learn that."""
    state = _half_way(SCENARIOS[:2], DESIGNS)
    assert state.scenario is not None
    state.scenario.lost.add("requeue")
    running = next(
        line
        for line in _lines(state, width=79, height=24)
        if line.startswith(" scenario_number_01")
    )
    assert running.split()[1:] == ["●", "●", "●", "?", "●", "●"]


def test_before_anything_runs() -> None:
    """The stack is starting: that is said, and that nothing has run."""
    state = run_of(SCENARIOS[:2], DESIGNS)
    list(state.begin("starting the stack", 901.0))
    lines = [line.plain for line in screen(state, 932.0, width=79, height=24)]
    assert " starting the stack   31 s" in lines
    assert "eta" not in lines[0]


def test_a_run_without_cells() -> None:
    """None is possible: even that is drawn, in a terminal of no width."""
    assert screen(run_of([], []), 932.0, width=0, height=24)
