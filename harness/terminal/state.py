"""How far the run is: folded from what happens, and nothing else.

It exists so that every view shows the same, and so that all of it can be tested with
the events of a recorded history. It knows no clock: each moment is given to it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.history import AnyEvent, FaultFailed, HarnessFailed
from harness.report.results import CellResult
from harness.terminal.scenario_state import FaultState, ScenarioState
from harness.terminal.words import COLOURS, counted, duration, plain, verdict_line
from harness.verdict import CellVerdict

CellName: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line for the terminal, with its colour or "".

    "passing" lines are the story as it goes on; "kept" ones stay on a live screen;
    "answer" is to somebody who asked, and is given whatever else is shown.
    """

    text: str
    how: Literal["passing", "kept", "answer"] = "passing"
    colour: str = ""


@dataclass(slots=True, kw_only=True)
class RunState:
    """The run. `cells` are those that will run if nothing comes between, in order.

    `planned` is scenario -> seconds that it is expected to take, for the time that
    is left; `took` is what those took that are over. `doing` is what goes on outside
    of a scenario, since `doing_since`; `latest` is the last line that was told.
    """

    run: str
    seed: int
    begun: float
    cells: tuple[CellName, ...]
    planned: Mapping[str, float]
    doing: str = ""
    doing_since: float = 0.0
    latest: str = ""
    scenario: ScenarioState | None = None
    verdicts: dict[CellName, CellVerdict] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    # --- what happens ---------------------------------------------------------

    def begin(self, what: str, at: float) -> Iterator[Said]:
        """Something began that belongs to no scenario; a scenario under way is over."""
        self.doing, self.doing_since, self.scenario = what, at, None
        yield from self.tell(what)

    def tell(self, line: str) -> Iterator[Said]:
        """Something happened that is only worth a line."""
        self.latest = plain(line)
        yield Said(text=self.latest)

    def leave_out(self, cells: Sequence[CellName]) -> Iterable[Said]:
        """These cells are not possible, and nobody waits for them."""
        self.cells = tuple(each for each in self.cells if each not in set(cells))
        return ()

    def begin_scenario(
        self,
        name: str,
        claim: str,
        lanes: Sequence[str],
        faults: Iterable[str],
        at: float,
    ) -> Iterator[Said]:
        """Begin a scenario in these lanes, with the names of its faults."""
        self.doing, self.latest = "", ""
        self.scenario = ScenarioState(
            name=name,
            claim=plain(claim),
            lanes=tuple(lanes),
            begun=at,
            faults={fault: FaultState(name=fault) for fault in faults},
        )
        yield Said(text=f"— {plain(name)}: {plain(claim)}")

    def happen(self, lane: str, event: AnyEvent) -> Iterator[Said]:
        """Fold one event of a lane's history."""
        if self.scenario is None:
            return
        for said in self._of_scenario(self.scenario.happen(lane, event)):
            if isinstance(event, FaultFailed | HarnessFailed):
                self.latest = said.text
            yield said

    def come_to(self, phase: str, at: float) -> Iterator[Said]:
        """Note that the scenario came to a phase that is in no history."""
        if self.scenario is not None:
            yield from self._of_scenario(self.scenario.come_to(phase, at))

    def _of_scenario(self, lines: Iterable[str]) -> Iterator[Said]:
        assert self.scenario is not None
        for line in lines:
            yield Said(text=f"{plain(self.scenario.name)}: {plain(line)}")

    def judged(self, results: Sequence[CellResult], at: float) -> Iterator[Said]:
        """Note what the scenario's cells came to; the bad ones are kept in sight."""
        for each in results:
            self.verdicts[each.scenario, each.lane] = each.verdict
            if each.verdict in {CellVerdict.BROKE, CellVerdict.NONE}:
                colour = COLOURS[each.verdict]
                yield Said(text=verdict_line(each), how="kept", colour=colour)
        if self.scenario is not None:
            name, took = self.scenario.name, at - self.scenario.begun
            self.took[name] = took
            said = counted(each.verdict for each in results)
            yield Said(text=f"{plain(name)}: {said}, in {duration(took)}")
        self.scenario = None

    # --- how it stands --------------------------------------------------------

    def left_seconds(self, at: float) -> float | None:
        """Estimate the time that is left from what took how long so far.

        None until a scenario has ended: nothing is known of this machine before.
        """
        known = sum(self.planned[name] for name in self.took)
        if not known:
            return None
        pace = sum(self.took.values()) / known
        names = {name for name, _ in self.cells} - self.took.keys()
        left = pace * sum(self.planned[name] for name in names)
        if self.scenario is None:
            return left
        here = pace * self.planned[self.scenario.name]
        return left - min(at - self.scenario.begun, here)

    def answer(self, at: float) -> Iterator[Said]:
        """Answer the question what is going on."""
        for line in self.standing(at):
            yield Said(text=line, how="answer")

    def standing(self, at: float) -> list[str]:
        """Say what is going on in a few lines, the first one by itself enough."""
        done = f"{len(self.verdicts)} of {len(self.cells)} cells are done"
        scenario = self.scenario
        if scenario is None:
            since = duration(at - self.doing_since)
            return [f"{self.doing or 'between scenarios'} for {since}; {done}"]
        return [
            f"{scenario.standing(at)}; {done}",
            *(
                f"{plain(fault.name)}: {', '.join(scenario.stages(fault))}"
                for fault in scenario.faults.values()
            ),
            scenario.work(at),
        ]
