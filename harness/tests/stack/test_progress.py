"""Slow things run side by side, and failures are told apart."""

import threading

import pytest

from harness.errors import StackNotReady
from harness.stack.progress import side_by_side


def test_tasks_run_at_the_same_time() -> None:
    """Two tasks that wait for each other both end."""
    both = threading.Barrier(2, timeout=5)
    told: list[str] = []
    results = side_by_side({"a": both.wait, "b": both.wait}, told.append)
    assert sorted(results.values()) == [0, 1]
    assert sorted(line.split(":")[0] for line in told) == ["a", "b"]


def test_a_failure_waits_for_the_others() -> None:
    """What the others make is made before the failure is raised."""
    made = []

    def fail() -> None:
        raise StackNotReady("no registry")

    told: list[str] = []
    with pytest.raises(StackNotReady, match="no registry"):
        side_by_side({"a": fail, "b": lambda: made.append("b")}, told.append)
    assert made == ["b"]
    assert any(line.startswith("a: failed") for line in told)


def test_nothing_to_do() -> None:
    """No tasks, no threads, no words."""
    told: list[str] = []
    assert side_by_side({}, told.append) == {}
    assert told == []
