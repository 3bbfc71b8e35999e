"""What made a job happen twice, by what the ledgers hold of it."""

from collections.abc import Mapping

import msgspec
import pytest

from harness.history import AttemptEntered, EffectSeen, SubmitBegun
from harness.report.results import CauseResult
from harness.tests.histories import damage
from harness.tests.histories.build import (
    FINAL_READ,
    Facts,
    facts,
    history,
    sealed,
    with_fault_at,
)
from harness.tests.histories.judged import judged


def repeated(events: Facts) -> Mapping[str, CauseResult]:
    """Return what is said of each anomaly of the guarantee."""
    found = judged(history(sealed(events))).guarantees["effects_happen_once"]
    return {anomaly.kind: anomaly.causes[0] for anomaly in found.anomalies}


@pytest.mark.parametrize(
    ("start", "explained", "by"),
    [
        (1002.0, True, "under refuse-rabbitmq"),
        (5000.0, False, "by nothing that was seen"),
    ],
)
def test_a_repeated_effect_is_explained_by_what_lies_over_it(
    start: float, explained: bool, by: str
) -> None:
    """Explained or not, it is harm: an effect can be had once, if a design cares."""
    events = with_fault_at(damage.duplicate_effect(facts(2), 2), start)
    told = repeated(events)["duplicate_effect"]
    assert (told.cause, told.because) == (
        "redelivered",
        f"2 effects, redelivered, {by}",
    )
    assert told.explained is explained


def test_two_effects_of_one_attempt_are_unexplained() -> None:
    """One body, two effects: nothing outside the job did this."""
    again = EffectSeen(time=FINAL_READ, effect=99, job=2)
    told = repeated([*facts(2), again])["duplicate_effect"]
    assert (told.cause, told.explained) == ("unexplained", False)
    assert told.because == "2 effects, in one attempt"


@pytest.mark.parametrize(("start", "explained"), [(1002.0, True), (5000.0, False)])
def test_two_jobs_of_one_key_with_an_effect_each_are_two_effects_too(
    start: float, explained: bool
) -> None:
    """The consequence in the outside world came twice: both anomalies are said."""
    again = EffectSeen(time=FINAL_READ, effect=99, job=damage.OTHER + 2)
    events = [*damage.duplicate_job(facts(2), 2), again]
    told = repeated(with_fault_at(events, start))
    by = "under refuse-rabbitmq" if explained else "by nothing that was seen"
    asked = f"the client retried, {by}"
    assert told["duplicate_job"].because == f"2 rows, {asked}"
    assert (
        told["duplicate_effect"].because
        == f"2 effects, one of each of its jobs, {asked}"
    )
    for each in told.values():
        assert (each.cause, each.explained) == ("retried by the client", explained)


def test_two_rows_for_a_key_that_was_asked_for_once_are_unexplained() -> None:
    """The app made two of one."""
    events = damage.duplicate_job(facts(2), 2)
    events = [e for e in events if getattr(e, "nth", 1) == 1]
    told = repeated(events)["duplicate_job"]
    assert (told.cause, told.explained) == ("unexplained", False)
    assert told.because == "2 rows, the client asked once"


def test_an_effect_that_one_of_two_jobs_had_twice_is_that_jobs_own() -> None:
    """Its attempts tell why, not those of the key's other job."""
    events = damage.duplicate_job(damage.duplicate_effect(facts(2), 2), 2)
    told = repeated(events)["duplicate_effect"]
    assert told.cause == "redelivered"


def test_two_attempts_with_one_effect_are_no_repeated_effect() -> None:
    """A design may run a job as often as it likes, if it happens once."""
    events = damage.second_attempt(facts(2), 2)
    assert len([e for e in events if isinstance(e, AttemptEntered)]) == 3
    result = judged(history(sealed(events)))
    assert not result.guarantees["effects_happen_once"].anomalies


def test_a_job_that_ran_twice_and_had_one_effect_repeats_nothing() -> None:
    """The second effect is that of the key's other job, and the client's doing."""
    again = EffectSeen(time=FINAL_READ, effect=99, job=damage.OTHER + 2)
    events = damage.duplicate_job(damage.second_attempt(facts(2), 2), 2)
    assert (
        repeated([*events, again])["duplicate_effect"].cause == "retried by the client"
    )


def test_a_fault_counts_from_the_first_request_to_the_last() -> None:
    """Between the second and the third one, for instance."""
    events = damage.duplicate_job(facts(2), 2)  # asked for at 1001.2 and 1006.2
    third = msgspec.structs.replace(
        next(e for e in events if isinstance(e, SubmitBegun) and e.nth == 2),
        nth=3,
        time=1020.0,
    )
    events = with_fault_at([*events, third], 1010.0)
    assert repeated(events)["duplicate_job"].explained is True
