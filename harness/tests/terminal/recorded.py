"""A run as a terminal is told of it: states half-way, made of recorded events."""

from collections.abc import Sequence

from harness.report.results import (
    AnomalyResult,
    CauseResult,
    CellResult,
    GuaranteeResult,
)
from harness.terminal.state import RunState, Said
from harness.tests.histories.build import FAULT, facts
from harness.verdict import CellVerdict, Verdict

HOSTILE = "a\x1b[2J\x07\nb\u202e\ud800"


def cell(
    scenario: str = "story",
    design: str = "careful",
    verdict: CellVerdict = CellVerdict.KEPT,
    *,
    jobs: int = 3,
    because: Sequence[str] = ("3 jobs asked for: 3 done once",),
) -> CellResult:
    """Return a judged cell; where it broke, by so many jobs that are pending."""
    pending = f"{jobs} jobs pending for ever"
    harmed = verdict in {CellVerdict.BROKE, CellVerdict.WEAKNESS}
    anomaly = AnomalyResult(
        kind="stranded_pending",
        sentence=pending,
        count=jobs,
        jobs=(),
        causes=(
            CauseResult(
                sentence=f"{pending}: each answered 201, {because[0]}",
                cause="never_published",
                because=because[0],
                proven="absence",
                explained=None,
                count=jobs,
                jobs=(),
            ),
        ),
    )
    found = GuaranteeResult(
        group="lost tasks",
        sentence="Every job starts.",
        verdict=Verdict.INVALID if harmed else Verdict.VALID,
        promised=verdict is CellVerdict.BROKE,
        judged_as_promised=verdict is CellVerdict.BROKE,
        within_seconds=None,
        anomalies=(anomaly,) if harmed else (),
        excused=(),
        suspected=0,
        because=(),
        traceback=None,
    )
    return CellResult(
        scenario=scenario,
        design=design,
        verdict=verdict,
        because=tuple(because),
        guarantees={"every_job_starts": found},
    )


def run_of(scenarios: Sequence[str], designs: Sequence[str]) -> RunState:
    """Return a run of these cells that has just begun, at 900 s."""
    return RunState(
        run="20261123-031500-4f2c",
        seed=1107,
        begun=900.0,
        cells=tuple((scenario, design) for scenario in scenarios for design in designs),
        planned=dict.fromkeys(scenarios, 20.0),
    )


def begin(state: RunState, scenario: str, designs: Sequence[str]) -> list[Said]:
    """Begin a scenario with one fault, at 1000 s."""
    return list(
        state.begin_scenario(scenario, "A claim.", designs, [FAULT.name], 1000.0)
    )


def replay(state: RunState, designs: Sequence[str], *, until: float) -> list[Said]:
    """Let the lanes live through a recorded history, one after the other in time."""
    events = sorted(facts(30), key=lambda event: event.time)
    return [
        said
        for event in events
        if event.time <= until
        for design in designs
        for said in state.happen(design, event)
    ]
