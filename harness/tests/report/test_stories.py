"""Stories of jobs: where it went wrong, at which line, and who survived."""

from collections.abc import Callable

import pytest

from harness.history import AttemptLeft, Delivered, PublishBegun, PublishEnded, Row
from harness.report.results import CellResult, Story
from harness.tests.histories import damage
from harness.tests.histories.build import (
    Facts,
    facts,
    history,
    job,
    key_of,
    sealed,
    without,
)
from harness.tests.histories.judged import judged


def harmed(harm: Callable[[Facts, int], Facts], jobs: int = 3) -> CellResult:
    """Return a cell whose second job was harmed."""
    return judged(history(sealed(harm(facts(jobs), 2))))


def only(result: CellResult) -> Story:
    """Return the one story of a cell."""
    (story,) = result.stories
    return story


@pytest.mark.parametrize(
    ("harm", "last_good", "missing"),
    [
        (damage.stranded_pending, "transition", "its message is handed to the broker"),
        (damage.stranded_started, "attempt_entered", "its body is left with a result"),
        (damage.duplicate_effect, "attempt_entered", None),
        (damage.lost_record, "transition", "its row is still there at the end"),
    ],
)
def test_a_story_names_the_last_good_hand_over_and_what_is_missing(
    harm: Callable[[Facts, int], Facts], last_good: str, missing: str | None
) -> None:
    """The furthest step of the job's way; what should have followed did not."""
    story = only(harmed(harm))
    assert story.last_good is not None
    assert story.events[story.last_good].kind == last_good
    assert story.missing == missing


def test_a_job_that_ended_went_wrong_where_a_step_was_gone_again() -> None:
    """What the second attempt did is no good hand-over."""
    story = only(harmed(damage.overlap))
    assert story.last_good is not None
    ends = [
        place for place, event in enumerate(story.events) if event.kind == "delivered"
    ]
    assert all(story.last_good < place for place in ends[1:])
    assert story.missing is None


def test_a_message_on_its_way_is_missed_at_the_next_hand() -> None:
    """It was handed to the broker, and nobody took it."""

    def swallowed(events: Facts, number: int) -> Facts:
        kept = damage.stranded_pending(events, number)
        published = [e for e in job(number) if type(e).__name__.startswith("Publish")]
        return [*kept, *published]

    story = only(harmed(swallowed))
    assert story.missing == "a worker takes the message"


def test_of_a_key_with_two_jobs_the_one_that_never_ended_is_told_of() -> None:
    """Its client was told nothing of it, and asked again: that one's job was done."""

    def stranded(events: Facts, number: int) -> Facts:
        twice = damage.duplicate_job(events, number)
        kept = damage.only_changes_to(twice, damage.OTHER + number, "pending")
        gone = (PublishBegun, PublishEnded)
        kept = without(kept, damage.OTHER + number, *gone)
        return damage.changed(kept, damage.OTHER + number, Row, status="pending")

    story = harmed(stranded).stories[0]
    assert "stranded_pending" in story.anomalies
    assert story.missing == "its message is handed to the broker"


def test_a_story_points_at_the_job_that_survived_nearest_to_it() -> None:
    """Three of them at most: the report stays small."""
    result = harmed(damage.stranded_pending)
    assert only(result).survivor in (key_of(1), key_of(3))
    assert [each.key for each in result.survivors] == [only(result).survivor]
    assert not result.survivors[0].anomalies
    events = facts(30)
    for number in range(2, 31, 2):
        events = damage.stranded_pending(events, number)
    many = judged(history(sealed(events)))
    assert len(many.stories) == 15
    assert len(many.survivors) == 3
    told = {story.key for story in many.survivors}
    assert {story.survivor for story in many.stories} <= told


def test_without_survivors_there_is_none_to_compare_with() -> None:
    """All were harmed."""
    result = judged(history(sealed(damage.stranded_pending(facts(1), 1))))
    assert result.stories[0].survivor is None
    assert result.survivors == ()


def test_measures_of_a_cell() -> None:
    """Latencies by when the job was asked for, redeliveries, the backlog."""
    events = [e for n in (1, 2, 3) for e in job(n, at=999.0 + 2 * n)]
    late = [*facts(0), *events]
    found = judged(history(sealed(late))).measures
    assert found.latency_p95_before == 0.051
    assert found.latency_p95_during == 0.051
    assert found.latency_p95_after == 0.051
    assert (found.redeliveries, found.deepest_backlog) == (0, 0)
    again = damage.changed(facts(2), 1, Delivered, redelivered=True)
    assert judged(history(sealed(again))).measures.redeliveries == 1


def test_a_job_without_an_end_has_no_latency() -> None:
    """It would be made up."""
    endless = without(damage.stranded_pending(facts(1), 1), 1, AttemptLeft)
    found = judged(history(sealed(endless))).measures
    assert found.latency_p95_before is None
