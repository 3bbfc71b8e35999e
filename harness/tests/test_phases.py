"""A lane is warm when it ends jobs; what it loses on the way is for the judges."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness import phases
from harness.errors import StackNotReady

CELL: Any = SimpleNamespace(
    lane=SimpleNamespace(
        name="outbox", attempts=SimpleNamespace(started=lambda: ["an attempt"])
    )
)


def warm_up(monkeypatch: pytest.MonkeyPatch, *ends: bool) -> int:
    """Warm up a lane whose jobs end so; return how many of them it was sent."""
    sent: list[int] = []

    def finishes_one(_cell: object, _purpose: str, number: int) -> bool:
        sent.append(number)
        return ends[number]

    monkeypatch.setattr(phases, "finishes_one", finishes_one)
    phases.warm_up(CELL)
    return len(sent)


@pytest.mark.parametrize(
    "ends", [(True, True, True), (False, True, True), (True, False, False)]
)
def test_a_lost_job_is_left_to_the_judges(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[bool, ...]
) -> None:
    """A design that loses jobs though nothing is broken is to be told so."""
    assert warm_up(monkeypatch, *ends) == len(ends)


def test_a_lane_that_ends_no_job_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness's trouble, not the design's: nobody waits for a third one."""
    with pytest.raises(StackNotReady, match="did not finish one of 2 warm-up jobs"):
        warm_up(monkeypatch, False, False)
