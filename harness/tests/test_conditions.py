"""Conditions say when a fault begins."""

from dataclasses import dataclass

import pytest

from harness.conditions import Condition, accepted, running_for, started


@dataclass(frozen=True, slots=True)
class _Counted:
    accepted_count: int = 0
    started_count: int = 0
    run_seconds: float = 0

    def accepted(self) -> int:
        return self.accepted_count

    def started(self) -> int:
        return self.started_count

    def longest_run_seconds(self) -> float:
        return self.run_seconds


@pytest.mark.parametrize(
    ("condition", "short", "reached"),
    [
        (accepted(40), _Counted(accepted_count=39), _Counted(accepted_count=40)),
        (started(10), _Counted(started_count=9), _Counted(started_count=10)),
        (running_for(1), _Counted(run_seconds=0.9), _Counted(run_seconds=1)),
    ],
)
def test_a_condition_is_met_from_its_count_on(
    condition: Condition, short: _Counted, reached: _Counted
) -> None:
    """One less is not enough, the count itself is."""
    assert not condition.is_met(short)
    assert condition.is_met(reached)


@pytest.mark.parametrize("condition", [accepted, started, running_for])
def test_a_condition_that_always_holds_is_refused(condition: object) -> None:
    """A condition that holds from the start would fire before any work."""
    with pytest.raises(ValueError, match="must be"):
        condition(0)  # type: ignore[operator]
