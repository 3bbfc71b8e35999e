"""Refusals that were none, and jobs that nobody asked for."""

import msgspec

from harness.checkers import answers_are_honest
from harness.fates import fold
from harness.history import (
    AttemptEntered,
    EffectSeen,
    LedgerEnd,
    PollEnded,
    Row,
    SubmitEnded,
    Transition,
)
from harness.tests.histories import damage
from harness.tests.histories.build import (
    Facts,
    cell,
    facts,
    history,
    key_of,
    sealed,
    without,
)
from harness.tests.histories.damage import OTHER, changed, first
from harness.tests.histories.judged import judged, shown
from harness.verdict import Anomaly, Verdict


def stranger(*, key: str | None) -> Facts:
    """Return a job with this key that nobody asked for, beside two others."""
    events = damage.phantom(facts(2), 1)
    events = changed(events, OTHER + 1, Row, key=key)
    return changed(events, OTHER + 1, Transition, key=key)


def test_a_refusal_counts_only_if_all_requests_were_read() -> None:
    """A line that is missing could hold the retry that was accepted."""
    events = sealed(damage.resurrected(facts(2), 2))
    assert "resurrected" in shown(judged(history(events)))
    events = [
        event
        for event in events
        if not (isinstance(event, LedgerEnd) and event.ledger == "client")
    ]
    found = judged(history(events)).guarantees["answers_are_honest"]
    assert (found.verdict, found.suspected) == (Verdict.UNKNOWN, 1)
    (told,) = answers_are_honest.check(fold(history(events), cell()))
    assert isinstance(told, Anomaly)
    assert told.proven == "absence"


def test_a_refused_job_with_a_row_that_never_ran_is_resurrected_too() -> None:
    """A row is enough."""
    events = damage.resurrected(damage.stranded_pending(facts(2), 2), 2)
    found = judged(history(sealed(events))).guarantees["answers_are_honest"]
    assert (
        found.anomalies[0].causes[0].because == "answered 400, and yet its row exists"
    )


def test_a_job_of_another_run_is_a_dirty_start_not_a_phantom() -> None:
    """The lane was not clean: nobody knows, and nobody is accused."""
    number = OTHER + 1
    events = damage.phantom(facts(2), 1)
    events = changed(
        changed(events, number, Row, key="old-1"), number, Transition, key="old-1"
    )
    result = judged(history(sealed(events)))
    found = result.guarantees["answers_are_honest"]
    assert shown(result) == {}
    assert found.verdict is Verdict.UNKNOWN
    assert found.because == ("dirty start: old-1 is a job of another run",)


def test_a_row_without_any_key_is_a_phantom() -> None:
    """Every submission of ours has a key: this one came from elsewhere."""
    number = OTHER + 1
    events = damage.phantom(facts(2), 1)
    events = changed(
        changed(events, number, Row, key=None), number, Transition, key=None
    )
    result = judged(history(sealed(events)))
    assert shown(result) == {"phantom": (f"(job {OTHER + 1} without a key)",)}


def test_an_attempt_of_a_job_that_an_answer_named_can_be_an_orphan() -> None:
    """Accepted, rolled back, and run: its row never existed."""
    events = without(facts(2), 2, Row, Transition, PollEnded)
    events = [e for e in events if type(e).__name__ != "EffectSeen" or e.job != 2]  # type: ignore[union-attr]
    found = shown(judged(history(sealed(events))))
    assert found == {"orphan_run": (key_of(2),), "lost_record": (key_of(2),)}


def test_what_a_crash_took_back_is_lost_and_no_orphan() -> None:
    """A client saw one of the rows before it went; nobody saw the other one."""
    events = without(facts(3), 2, Row, Transition, EffectSeen)
    events = without(events, 3, Row, Transition, EffectSeen, PollEnded)
    result = judged(history(sealed(events)))
    assert shown(result) == {"lost_record": (key_of(2), key_of(3))}
    (found,) = result.guarantees["every_job_starts"].anomalies
    gone = "answered 201, stored, row gone:"
    assert [cause.because for cause in found.causes] == [
        f"{gone} it is gone without a trace, as rows are that were seen",
        f"{gone} its row was seen, and is gone without a trace",
    ]


def test_where_commits_were_lost_an_attempt_without_a_row_proves_nothing() -> None:
    """No answer named its job, which may have been stored, and taken back."""
    events = without(facts(3), 2, Row, Transition, EffectSeen)
    result = judged(history(sealed(damage.orphan_run(events, 1))))
    found = result.guarantees["answers_are_honest"]
    assert shown(result) == {"lost_record": (key_of(2),)}
    assert found.verdict is Verdict.UNKNOWN
    because = f"whether (job {OTHER + 1} without a key) was ever stored is not known"
    assert found.because == (f"{because}: the database has lost what it had committed",)


def test_each_row_that_never_was_is_an_orphan_of_its_own() -> None:
    """Two answers named a job, and both were rolled back after they had run."""
    number = OTHER + 2
    events = damage.duplicate_job(facts(2), 2)
    events = without(events, 2, Row, Transition, EffectSeen, PollEnded)
    events = without(events, number, Transition)
    events = [
        msgspec.structs.replace(event, job=2)
        if isinstance(event, SubmitEnded) and event.job is None
        else event
        for event in events
    ]
    other = msgspec.structs.replace(first(facts(2), 2, AttemptEntered), job=number)
    found = judged(history(sealed([*events, other]))).guarantees["answers_are_honest"]
    (anomaly,) = found.anomalies
    assert (anomaly.kind, anomaly.count) == ("orphan_run", 2)
    assert anomaly.jobs == (key_of(2),)


def test_one_foreign_key_is_enough_for_a_dirty_start() -> None:
    """The row has our key, and an old change of it has another run's."""
    number = OTHER + 1
    events = changed(damage.phantom(facts(2), 1), number, Transition, key="old-1")
    result = judged(history(sealed(events)))
    assert shown(result) == {}
    assert "dirty start" in result.guarantees["answers_are_honest"].because[0]
