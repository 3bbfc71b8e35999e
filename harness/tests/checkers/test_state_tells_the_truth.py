"""Rows that lie, and failures that something explains."""

import msgspec
import pytest

from harness.history import (
    AnyEvent,
    AttemptLeft,
    DeadLettered,
    LedgerEnd,
    Row,
    SubmitBegun,
)
from harness.tests.histories import damage
from harness.tests.histories.build import Facts, facts, history, sealed, with_fault_at
from harness.tests.histories.damage import changed
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
