"""Rows that lie, and failures that something explains."""

import msgspec
import pytest

from harness.history import (
    AnyEvent,
    ApiSeen,
    AttemptEntered,
    AttemptLeft,
    DeadLettered,
    EffectSeen,
    LedgerEnd,
    ResultSeen,
    Row,
    SubmitBegun,
    TaskEnded,
)
from harness.report.results import CauseResult
from harness.tests.histories import damage
from harness.tests.histories.build import (
    FINAL_READ,
    Facts,
    facts,
    history,
    key_of,
    sealed,
    with_fault_at,
    without,
)
from harness.tests.histories.damage import change, changed
from harness.tests.histories.judged import judged, shown
from harness.verdict import Verdict


def failing(*more: AnyEvent, start: float | None = None) -> Facts:
    """Return a cell whose job 2 failed at 1001.25, with a fault from `start` on."""
    events = damage.unexpected_failure(facts(2), 2)
    if start is not None:
        events = with_fault_at(events, start)
    return [*events, *more]


@pytest.mark.parametrize(
    ("events", "harm"),
    [
        (failing(), True),
        (failing(start=1001.2), False),
        (failing(start=1001.3), True),
        (failing(DeadLettered(time=1001.3, job=2, queue="dead")), False),
        (damage.failed_after_death(facts(2), 2), False),
        (damage.expected_failure(facts(2), 2), False),
    ],
)
def test_a_failure_needs_a_reason(events: Facts, harm: bool) -> None:
    """An error under a fault, a dead letter, a death, or a client that expected it."""
    assert ("unexpected_failure" in shown(judged(history(sealed(events))))) is harm


def test_a_fault_does_not_explain_a_failure_without_an_error() -> None:
    """The body returned, and the row says failed."""
    events = changed(failing(start=1001.2), 2, AttemptLeft, outcome="returned")
    assert "unexpected_failure" in shown(judged(history(sealed(events))))


def test_a_missing_effect_counts_only_when_the_database_was_read_to_its_end() -> None:
    """It may be among the lines that were not read."""
    events = sealed(damage.false_success(facts(2), 2))
    assert "false_success" in shown(judged(history(events)))
    cut = [
        event
        for event in events
        if not (isinstance(event, LedgerEnd) and event.ledger == "database")
    ]
    found = judged(history(cut)).guarantees["state_tells_the_truth"]
    assert (found.verdict, found.suspected) == (Verdict.UNKNOWN, 1)


def test_a_wrong_result_says_what_was_expected() -> None:
    """Both numbers, so that a reader needs no log."""
    result = judged(history(sealed(damage.wrong_result(facts(2), 2))))
    (anomaly,) = result.guarantees["state_tells_the_truth"].anomalies
    assert anomaly.causes[0].because == "result 255, 256 was expected"


def test_a_finished_job_without_a_result_is_wrong_where_one_was_expected() -> None:
    """Nothing is not 256."""
    events = changed(facts(2), 2, Row, result=None)
    assert set(shown(judged(history(sealed(events))))) == {"wrong_result"}


def test_a_clients_retry_expects_what_its_first_request_did() -> None:
    """One key, one expectation."""
    events = damage.retried_same_job(facts(2), 2)
    begun = [e for e in events if isinstance(e, SubmitBegun) and e.nth == 2]
    assert msgspec.structs.replace(begun[0], nth=1).expected == begun[0].expected
    assert shown(judged(history(sealed(events)))) == {}


def lie(events: Facts) -> CauseResult:
    """Return what is said of the one lie of job 2."""
    result = judged(history(sealed(events)))
    (anomaly,) = result.guarantees["state_tells_the_truth"].anomalies
    (cause,) = anomaly.causes
    return cause


def failed(events: Facts) -> Facts:
    """Let job 2 end as failed."""
    ended = change(2, 3, "started", "failed", time=1001.3)
    events = damage.only_changes_to(events, 2, "pending", "started")
    return [*changed(events, 2, Row, status="failed"), ended]


@pytest.mark.parametrize(
    ("events", "cause", "why"),
    [
        (
            [*damage.dead_lettered(facts(2), 2), EffectSeen(time=1.0, effect=9, job=2)],
            "dead-lettered",
            "by way of the dead letters",
        ),
        (
            damage.silent_failure(facts(2), 2),
            "redelivered",
            "redelivered, under refuse-rabbitmq",
        ),
        (with_fault_at(failed(facts(2)), 1001.2), "result lost", "its body returned"),
        (without(failed(facts(2)), 2, AttemptLeft), "unexplained", "nothing returned"),
    ],
)
def test_a_failure_with_an_effect_says_what_failed_it(
    events: Facts, cause: str, why: str
) -> None:
    """Whoever came after the effect, or what got lost behind it."""
    result = judged(history(sealed(events)))
    told = {
        anomaly.kind: anomaly.causes[0]
        for anomaly in result.guarantees["state_tells_the_truth"].anomalies
    }["silent_failure"]
    assert told.cause == cause
    assert told.because == f"failed, and its effect is there: {why}"


def test_a_false_success_says_whether_the_job_ever_ran() -> None:
    """An effect that got lost, or one that nobody tried to have."""
    events = damage.false_success(facts(2), 2)
    assert lie(events).because == "finished, and no effect: it ran"
    events = without(events, 2, AttemptEntered, AttemptLeft)
    assert lie(events).because == "finished, and no effect: it never ran"


def shows(status: str, result: int | None, *, time: float = FINAL_READ) -> ApiSeen:
    """Return what the API shows of job 2."""
    return ApiSeen(time=time, key=None, job=2, status=status, result=result)


def holds(state: str, result: int | None, *, task: str = "task-2") -> ResultSeen:
    """Return what the result backend holds of job 2."""
    return ResultSeen(time=FINAL_READ, job=2, task=task, state=state, result=result)


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ([shows("finished", 256)], None),
        ([shows("finished", 255)], "the API finished with result 255"),
        ([shows("failed", None)], "the API failed"),
        # The job ended at 1001.25, and may have been shown as it was just before.
        ([shows("started", None, time=1002.2)], None),
        ([shows("started", None, time=1002.3)], "the API started"),
        ([holds("SUCCESS", 256)], None),
        ([holds("SUCCESS", None)], None),
        ([holds("SUCCESS", 7)], "the result backend SUCCESS with result 7"),
        ([holds("FAILURE", None), holds("SUCCESS", None, task="again")], None),
        # Turned away, as no worker knew it; the job was done by the next one.
        ([holds("FAILURE", None, task="before")], None),
        ([holds("RETRY", None)], None),
    ],
)
def test_two_places_may_not_say_different_things(
    more: list[AnyEvent], because: str | None
) -> None:
    """The row is finished with 256; what ended in between, or says nothing, agrees."""
    result = judged(history(sealed([*facts(2), *more])))
    anomalies = result.guarantees["state_tells_the_truth"].anomalies
    said = [cause.because for each in anomalies for cause in each.causes]
    row = "the row says finished with result 256, "
    assert said == ([row + because] if because else [])


@pytest.mark.parametrize(
    ("events", "cause", "more"),
    [
        (facts(2), "failed after success", ": its task had ended in SUCCESS"),
        (changed(facts(2), 2, TaskEnded, state="RETRY"), "unexplained", ""),
        (changed(facts(2), 2, TaskEnded, task="before"), "unexplained", ""),
    ],
)
def test_a_failure_that_is_kept_of_a_job_that_was_done(
    events: Facts, cause: str, more: str
) -> None:
    """The result could not be stored: Celery keeps that error as the task's own."""
    told = lie([*events, holds("FAILURE", None)])
    assert (told.cause, told.because) == (
        cause,
        f"the row says finished, the result backend FAILURE{more}",
    )


def keeping(number: int, events: Facts) -> Facts:
    """Have the job's task keep its result."""
    return changed(events, number, TaskEnded, keeps_result=True)


OTHERS_RESULT = msgspec.structs.replace(holds("SUCCESS", 256), job=1, task="task-1")


@pytest.mark.parametrize(
    ("events", "harm"),
    [
        ([*keeping(2, facts(2)), OTHERS_RESULT], True),
        ([*keeping(2, facts(2)), OTHERS_RESULT, holds("SUCCESS", None)], False),
        ([*facts(2), OTHERS_RESULT], False),
        # Where nobody's result is there, somebody may have taken them.
        (keeping(2, facts(2)), False),
        (
            [
                *keeping(2, changed(facts(2), 2, TaskEnded, state="RETRY")),
                OTHERS_RESULT,
            ],
            False,
        ),
        ([*keeping(2, damage.expected_failure(facts(2), 2)), OTHERS_RESULT], False),
    ],
)
def test_a_result_that_should_be_there_and_is_not_is_a_split_brain(
    events: Facts, harm: bool
) -> None:
    """The row says finished; for Celery, who knows nothing of it, it is pending."""
    anomalies = judged(history(sealed(events))).guarantees["state_tells_the_truth"]
    causes = [cause for each in anomalies.anomalies for cause in each.causes]
    assert [(each.cause, each.jobs) for each in causes] == (
        [("result gone", (key_of(2),))] if harm else []
    )


def test_a_result_of_a_job_that_failed_is_a_split_brain() -> None:
    """Who waits for the task has a number, and who reads the row a failure."""
    events = [*damage.expected_failure(facts(2), 2), holds("SUCCESS", 256)]
    assert set(shown(judged(history(sealed(events))))) == {"split_brain"}


def test_without_its_request_nobody_knows_what_a_job_should_come_to() -> None:
    """The line is lost: its result accuses nobody."""
    events = without(damage.wrong_result(facts(2), 2), 2, SubmitBegun)
    found = judged(history(sealed(events))).guarantees["state_tells_the_truth"]
    assert (found.verdict, found.traceback) == (Verdict.VALID, None)
