"""The live screen as text: pure functions from the state to lines of a given size.

It exists so that a screen of any size can be drawn, and tested, without a terminal.
Scenarios are rows and lanes are columns: names of scenarios are long, there are many
of them, and a window of rows around the running one still shows each with its name.
"""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from harness.report.html import GLYPHS
from harness.terminal.scenario_state import PHASES, ScenarioState, words
from harness.terminal.state import RunState
from harness.terminal.words import (
    COLOURS,
    NOT_RUN,
    RUNNING,
    counted,
    duration,
    plain,
)
from harness.verdict import CellVerdict

# Some lines of what was kept stay in view above, and a matrix is taken in at a glance.
_LINES_ABOVE = 4
_AROUND_ROWS = 2
_ROWS = (3, 12)


def screen(state: RunState, at: float, *, width: int, height: int) -> list[Text]:
    """Draw the run at this moment; no line is wider than `width`."""
    head = [_header(state, at)]
    if state.verdicts:
        head.append(Text(f" {counted(state.verdicts.values())}"))
    foot = list(_foot(state, at, width))
    room = height - len(head) - len(foot) - _AROUND_ROWS - _LINES_ABOVE
    rows = list(_matrix(state, width, rows=min(max(room, _ROWS[0]), _ROWS[1])))
    lines = [*head, *rows, *foot]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _header(state: RunState, at: float) -> Text:
    left = state.left_seconds(at)
    parts = [
        f"{len(state.verdicts)} of {len(state.cells)} cells",
        duration(at - state.begun),
        *([f"eta {duration(left)}"] if left else []),
    ]
    return Text(f" {'   '.join(parts)}", style="bold")


# --- the matrix ---------------------------------------------------------------


def _matrix(state: RunState, width: int, *, rows: int) -> Iterator[Text]:
    """Draw the rows around the running one; say which of how many, and of which run."""
    scenarios = list(dict.fromkeys(scenario for scenario, _ in state.cells))
    lanes = list(dict.fromkeys(lane for _, lane in state.cells))
    first, columns = _widths(scenarios, lanes, width)
    line = Text(" " * (first + 1), style="dim")
    for lane, cells in zip(lanes, columns, strict=True):
        line.append(f" {_fit(lane, cells)}")
    yield line
    start = _window(state, scenarios, rows)
    for scenario in scenarios[start : start + rows]:
        runs = state.scenario is not None and state.scenario.name == scenario
        line = Text(f" {_fit(scenario, first)}", style="bold" if runs else "")
        for lane, cells in zip(lanes, columns, strict=True):
            sign, style = _sign(state, scenario, lane)
            line.append(f" {sign.center(cells)}", style=style)
        yield line
    caption = f"seed {state.seed}   run {state.run}"
    if len(scenarios) > rows:
        shown = f"scenarios {start + 1} to {start + rows} of {len(scenarios)}"
        caption = f"{shown}   {caption}"
    yield Text(f" {caption}", style="dim")


def _widths(
    scenarios: Sequence[str], lanes: Sequence[str], width: int
) -> tuple[int, list[int]]:
    """Share the width out: names of lanes are whole where that leaves a quarter."""
    names = max((cell_len(plain(each)) for each in scenarios), default=1)
    columns = [cell_len(plain(each)) for each in lanes]
    room = width - 1 - len(columns)
    least = min(names, width // 4)
    if least + sum(columns) > room:
        each = max((room - least) // max(len(columns), 1), 1)
        columns = [min(cells, each) for cells in columns]
    return min(names, max(room - sum(columns), least)), columns


def _fit(name: str, cells: int) -> str:
    """Cut or fill a name to so many cells of the screen."""
    name = plain(name)
    if cell_len(name) <= cells:
        return set_cell_size(name, cells)
    return set_cell_size(name, cells - 1) + "…"


def _window(state: RunState, scenarios: Sequence[str], rows: int) -> int:
    """Return the first row to show: the running one, or the next, is in the middle."""
    done = {scenario for scenario, _ in state.verdicts}
    running = state.scenario.name if state.scenario is not None else None
    here = next(
        (n for n, each in enumerate(scenarios) if each == running or each not in done),
        len(scenarios),
    )
    return max(min(here - rows // 2, len(scenarios) - rows), 0)


def _sign(state: RunState, scenario: str, lane: str) -> tuple[str, str]:
    """Return a cell's sign and its style."""
    verdict = state.verdicts.get((scenario, lane))
    if verdict is not None:
        return GLYPHS[verdict], COLOURS[verdict]
    here = state.scenario
    if here is not None and here.name == scenario and lane in here.lanes:
        if lane in here.lost:
            return GLYPHS[CellVerdict.NONE], COLOURS[CellVerdict.NONE]
        return RUNNING, "cyan"
    return NOT_RUN, "dim"


# --- what is going on ---------------------------------------------------------


def _foot(state: RunState, at: float, width: int) -> Iterator[Text]:
    yield Text("")
    scenario = state.scenario
    if scenario is None:
        if state.doing:
            yield Text(f" {state.doing}   {duration(at - state.doing_since)}")
    else:
        yield Text.assemble(" ", (plain(scenario.name), "bold"), f": {scenario.claim}")
        yield _phases(scenario, at)
        for fault in scenario.faults.values():
            said = "  ".join(scenario.stages(fault))
            room = max(width - cell_len(said) - 6, width // 4)
            name = plain(fault.name)
            yield Text(f"   {_fit(name, min(cell_len(name), room))}  {said}")
        yield Text(f"   {scenario.work(at)}")
    if state.latest and state.latest != state.doing:
        yield Text(f"   {state.latest}", style="dim")


def _phases(scenario: ScenarioState, at: float) -> Text:
    """Draw all phases: how long those took that are over, which one it is in."""
    line = Text("  ")
    begun = scenario.phases
    ends = dict(zip(begun, [*begun.values(), at][1:], strict=True))
    for phase in PHASES:
        if phase not in begun:
            line.append(f" {words(phase)} ", style="dim")
            continue
        took = f"{words(phase)} {duration(ends[phase] - begun[phase])}"
        now_in = phase == scenario.phase
        line.append(
            f" {RUNNING} {took} " if now_in else f" {took} ",
            style="bold" if now_in else "",
        )
    return line
