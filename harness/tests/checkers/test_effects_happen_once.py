"""What made a job happen twice, by what the ledgers hold of it."""

import msgspec
import pytest

from harness.history import AttemptEntered, Delivered, EffectSeen, PublishEnded
from harness.tests.histories import damage
from harness.tests.histories.build import FINAL_READ, Facts, facts, history, sealed
from harness.tests.histories.damage import first
from harness.tests.histories.judged import judged


def undelivered(events: Facts) -> Facts:
    """Take the mark of redelivery away."""
    return damage.changed(events, 2, Delivered, redelivered=False)


def republished(events: Facts) -> Facts:
    """Publish the message a second time."""
    ended = first(events, 2, PublishEnded)
    again = msgspec.structs.replace(ended, time=ended.time + 1)
    return [*undelivered(events), again]


def retried(events: Facts) -> Facts:
    """Let Celery retry the task."""
    whole = facts(2)
    task = next(e for e in whole if type(e).__name__ == "TaskEnded" and e.job == 2)  # type: ignore[union-attr]
    return [*undelivered(events), msgspec.structs.replace(task, state="RETRY")]


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (lambda events: events, "redelivered"),
        (republished, "published twice"),
        (retried, "retried"),
        (undelivered, "unexplained"),
    ],
)
def test_a_repeated_effect_names_what_repeated_it(told: object, cause: str) -> None:
    """Each way to a second attempt that the ledgers can show."""
    events = told(damage.duplicate_effect(facts(2), 2))  # type: ignore[operator]
    result = judged(history(sealed(events)))
    (anomaly,) = result.guarantees["effects_happen_once"].anomalies
    assert (anomaly.kind, anomaly.causes[0].cause) == ("duplicate_effect", cause)


def test_two_effects_of_one_attempt_are_unexplained() -> None:
    """One body, two effects: nothing outside the job did this."""
    again = EffectSeen(time=FINAL_READ, effect=99, job=2)
    result = judged(history(sealed([*facts(2), again])))
    (anomaly,) = result.guarantees["effects_happen_once"].anomalies
    assert anomaly.causes[0].because == "2 effects, in one attempt"


def test_two_jobs_of_one_key_with_an_effect_each_are_two_effects_too() -> None:
    """The consequence in the outside world came twice: both anomalies are said."""
    again = EffectSeen(time=FINAL_READ, effect=99, job=damage.OTHER + 2)
    events = [*damage.duplicate_job(facts(2), 2), again]
    result = judged(history(sealed(events)))
    found = result.guarantees["effects_happen_once"].anomalies
    assert {each.kind for each in found} == {"duplicate_job", "duplicate_effect"}


def test_two_attempts_with_one_effect_are_no_repeated_effect() -> None:
    """A design may run a job as often as it likes, if it happens once."""
    events = damage.second_attempt(facts(2), 2)
    assert len([e for e in events if isinstance(e, AttemptEntered)]) == 3
    result = judged(history(sealed(events)))
    assert not result.guarantees["effects_happen_once"].anomalies
