"""Two attempts at once: only what was surely still running overlaps."""

import msgspec
import pytest

from harness.history import AttemptEntered, AttemptLeft
from harness.tests.histories import damage
from harness.tests.histories.build import (
    Facts,
    facts,
    history,
    sealed,
    with_fault_at,
    without,
)
from harness.tests.histories.damage import first
from harness.tests.histories.judged import judged
from harness.verdict import CellVerdict, Verdict


def overlapping() -> Facts:
    """Return a cell whose job 2 runs twice at once, with no fault near."""
    return damage.overlap(facts(2), 2)


def test_an_attempt_that_began_before_the_other_was_left_overlaps() -> None:
    """With nothing to explain it, it is harm."""
    found = judged(history(sealed(overlapping()))).guarantees["attempts_do_not_overlap"]
    assert found.verdict is Verdict.INVALID
    (anomaly,) = found.anomalies
    assert anomaly.causes[0].because == (
        "two attempts at once, by nothing that was seen"
    )


def test_attempts_one_after_the_other_do_not_overlap() -> None:
    """However often the job ran."""
    result = judged(history(sealed(damage.duplicate_run(facts(2), 2))))
    assert result.guarantees["attempts_do_not_overlap"].verdict is Verdict.VALID


def test_an_attempt_without_an_end_may_have_died_and_overlaps_nothing() -> None:
    """Nobody can say how long it ran."""
    events = without(overlapping(), 2, AttemptLeft)
    result = judged(history(sealed(events)))
    assert result.guarantees["attempts_do_not_overlap"].verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("start", "verdict"),
    [(1009.5, CellVerdict.KEPT), (1020.0, CellVerdict.WEAKNESS)],
)
def test_an_overlap_that_a_fault_explains_does_not_colour_the_cell(
    start: float, verdict: CellVerdict
) -> None:
    """A broker that lost a worker gives its message away: no design can help it."""
    events = with_fault_at(overlapping(), start)
    assert judged(history(sealed(events))).verdict is verdict


def test_an_attempt_that_begins_in_the_instant_of_the_others_end_does_not_overlap() -> (
    None
):
    """One after the other, as close as can be."""
    events = damage.duplicate_run(facts(2), 2)
    left = first(events, 2, AttemptLeft)
    moved = [
        msgspec.structs.replace(event, time=left.time)
        if isinstance(event, AttemptEntered) and event.process == 31
        else event
        for event in events
    ]
    result = judged(history(sealed(moved)))
    assert result.guarantees["attempts_do_not_overlap"].verdict is Verdict.VALID


def test_any_two_attempts_of_many_may_overlap() -> None:
    """The first one ended long ago; the second and the third ran at once."""
    events = overlapping()
    early = first(facts(2), 2, AttemptEntered)
    ended = first(facts(2), 2, AttemptLeft)
    result = judged(history(sealed([*events, early, ended])))
    (anomaly,) = result.guarantees["attempts_do_not_overlap"].anomalies
    assert anomaly.count == 1
