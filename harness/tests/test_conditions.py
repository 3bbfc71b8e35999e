"""Conditions say when a fault begins."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import harness.probe
from harness.conditions import (
    POINTS,
    At,
    Condition,
    accepted,
    at,
    biting_for,
    running_for,
    started,
    waiting,
)


@dataclass(frozen=True, slots=True)
class _Counted:
    accepted_count: int = 0
    started_count: int = 0
    running: tuple[float, ...] = ()
    biting: tuple[float, ...] = ()
    waiting_count: int = 0
    held: At | None = None

    def accepted(self) -> int:
        return self.accepted_count

    def started(self) -> int:
        return self.started_count

    def running_seconds(self) -> list[float]:
        return list(self.running)

    def biting_seconds(self) -> list[float]:
        return list(self.biting)

    def waiting(self) -> int:
        return self.waiting_count

    def is_held(self, breakpoint: At) -> bool:
        return breakpoint == self.held


@pytest.mark.parametrize(
    ("condition", "short", "reached"),
    [
        (accepted(40), _Counted(accepted_count=39), _Counted(accepted_count=40)),
        (started(10), _Counted(started_count=9), _Counted(started_count=10)),
        (running_for(1), _Counted(running=(0.9, 0.9)), _Counted(running=(1,))),
        (
            running_for(1, attempts=2),
            _Counted(running=(5, 0.9)),
            _Counted(running=(5, 1)),
        ),
        (biting_for(2), _Counted(biting=(1.9,)), _Counted(biting=(0.1, 2))),
        (waiting(10), _Counted(waiting_count=9), _Counted(waiting_count=10)),
        (at("ack.before"), _Counted(), _Counted(held=at("ack.before"))),
    ],
)
def test_a_condition_is_met_from_its_count_on(
    condition: Condition, short: _Counted, reached: _Counted
) -> None:
    """One less is not enough, the count itself is."""
    assert not condition.is_met(short)
    assert condition.is_met(reached)


@pytest.mark.parametrize(
    "condition", [accepted, started, running_for, biting_for, waiting]
)
def test_a_condition_that_always_holds_is_refused(condition: object) -> None:
    """A condition that holds from the start would fire before any work."""
    with pytest.raises(ValueError, match="must be"):
        condition(0)  # type: ignore[operator]


def test_a_breakpoint_is_one_that_there_is() -> None:
    """A point, an arrival and a role that can come there; else a word of advice."""
    assert at("task.returned", nth=5).roles == ("worker",)
    assert at("publish.after").roles == ("web", "relay", "worker")
    assert at("publish.after", role="relay").roles == ("relay",)
    with pytest.raises(ValueError, match="no such point; choose from publish"):
        at("task.retuned")
    with pytest.raises(ValueError, match="only worker comes there"):
        at("task.returned", role="web")
    with pytest.raises(ValueError, match="must be 1 or more"):
        at("task.returned", nth=0)


def test_the_points_are_those_that_the_probe_has() -> None:
    """Each is told of, and arrived at, in the probe."""
    probe = Path(harness.probe.__file__).parent / "celery_probe"
    arrived = {
        point
        for path in probe.glob("*.py")
        for point in re.findall(r'arrive\(\s*"(\w+\.\w+)"', path.read_text())
    }
    assert arrived == set(POINTS)
    assert all(point in (probe / "breakpoints.py").read_text() for point in POINTS)
