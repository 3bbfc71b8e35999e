"""What is told and shown is what the histories of the lanes say."""

import pytest

from harness.history import (
    FaultConfirmed,
    FaultFailed,
    HarnessFailed,
    QueueSeen,
    SubmitBegun,
)
from harness.terminal.state import RunState
from harness.tests.histories.build import FAULT, facts, reading
from harness.tests.terminal.recorded import HOSTILE, begin, cell, replay, run_of
from harness.verdict import CellVerdict

LANES = ("tutorial", "outbox")


@pytest.fixture(name="state")
def _state() -> RunState:
    state = run_of(["story", "next"], LANES)
    begin(state, "story", LANES)
    return state


def test_a_phase_and_each_stage_of_a_fault_are_told_once(state: RunState) -> None:
    """However many lanes there are: once the last of them is there."""
    said = [each.text for each in replay(state, LANES, until=1100)]
    assert said == [
        "story: workload",
        *(
            f"story: {FAULT.name}: {stage} in 2 lanes"
            for stage in ("asked", "confirmed", "healed", "verified")
        ),
    ]


def test_a_lane_that_fails_is_not_waited_for(state: RunState) -> None:
    """What the others have come to is told as soon as it is out of the way."""
    confirmed = FaultConfirmed(time=1003.0, fault=FAULT.name, readings=(reading(),))
    failed = FaultFailed(
        time=1004.0, fault=FAULT.name, stage="confirm", because="no probe felt it"
    )
    assert list(state.happen("tutorial", confirmed)) == []
    assert [each.text for each in state.happen("outbox", failed)] == [
        f"story: outbox: {FAULT.name}: confirm failed: no probe felt it",
        f"story: {FAULT.name}: confirmed",
    ]
    lost = HarnessFailed(time=1005.0, because=HOSTILE)
    assert [each.text for each in state.happen("tutorial", lost)] == [
        r"story: tutorial: a\x1b[2J\x07 b\u202e\ud800"
    ]


def test_how_it_stands(state: RunState) -> None:
    """The phase and for how long, the fault's times, the work: as in the report."""
    replay(state, LANES, until=1003.0)
    assert state.standing(1003.5) == [
        "story: workload for 3 s; 0 of 4 cells are done",
        f"{FAULT.name}: asked 2.0, confirmed 2.2 s",
        "jobs asked for 20, accepted 19, in the queues not seen",
    ]


def test_only_the_workload_counts_and_only_once(state: RunState) -> None:
    """Warm-up jobs are nobody's work; a client that asks again asks for one job."""
    (first, *_) = [each for each in facts() if isinstance(each, SubmitBegun)]
    for purpose in ("warm_up", "workload", "workload"):
        begun = SubmitBegun(
            **{
                name: getattr(first, name)
                for name in first.__struct_fields__
                if name not in {"purpose", "key"}
            },
            purpose=purpose,
            key=purpose,
        )
        list(state.happen("outbox", begun))
    assert state.standing(1001.0)[-1].startswith("jobs asked for 1,")


def test_queues_that_nobody_has_seen_lately_have_no_count(state: RunState) -> None:
    """While the broker is away, a count from before would be a lie."""
    for design, dead_letters in (("tutorial", False), ("outbox", False), ("", True)):
        seen = QueueSeen(
            time=1001.0,
            queue="default",
            ready=3,
            unacknowledged=2,
            consumers=1,
            dead_letters=dead_letters,
        )
        list(state.happen(design, seen))
    assert state.standing(1002.0)[-1].endswith("in the queues 10")
    assert state.standing(1010.0)[-1].endswith("in the queues not seen")


def test_what_broke_is_kept_in_sight_and_the_rest_is_counted(state: RunState) -> None:
    """A broken promise with its cause, in one line."""
    judged = [
        cell("story", "tutorial", CellVerdict.WEAKNESS),
        cell("story", "outbox", CellVerdict.BROKE, because=["never published"]),
    ]
    kept, counted = state.judged(judged, 1041.0)
    assert kept.how == "kept"
    assert kept.text == (
        "✕ story × outbox  broke: every_job_starts: 3 jobs pending for ever: "
        "each answered 201, never published"
    )
    assert counted.text == "story: 1 with a weakness, 1 broke, in 41 s"
    assert state.standing(1041.0)[0].endswith("2 of 4 cells are done")


def test_the_time_that_is_left(state: RunState) -> None:
    """Unknown at first; then by the pace so far, also in the middle of a scenario."""
    assert state.left_seconds(1010.0) is None
    list(state.judged([cell("story", each) for each in LANES], 1040.0))
    assert state.left_seconds(1040.0) == 40.0
    begin(state, "next", LANES)
    assert state.left_seconds(1030.0) == 10.0
    assert state.left_seconds(1100.0) == 0.0


def test_what_is_not_possible_is_not_waited_for(state: RunState) -> None:
    """Nor is it among all cells."""
    state.leave_out([("next", "tutorial")])
    assert state.standing(1000.0)[0].endswith("0 of 3 cells are done")


def test_outside_of_a_scenario(state: RunState) -> None:
    """Something is always going on, and for how long is said."""
    list(state.begin("leaving the stack", 1100.0))
    assert state.standing(1112.0) == [
        "leaving the stack for 12 s; 0 of 4 cells are done"
    ]
