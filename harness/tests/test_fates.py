"""Folding a history into job records, and books that balance."""

from collections.abc import Callable
from dataclasses import asdict

import pytest

from harness.fates import Account, Books, fold
from harness.history import (
    AnyEvent,
    AttemptEntered,
    EffectSeen,
    HarnessFailed,
    Owed,
    PollEnded,
    PublishBegun,
    PublishEnded,
    Row,
    SubmitBegun,
    SubmitEnded,
    Transition,
)
from harness.records import Fate, JobRecord
from harness.tests.histories import damage
from harness.tests.histories.build import (
    FINAL_READ,
    Facts,
    cell,
    facts,
    history,
    key_of,
    sealed,
    without,
)
from harness.tests.histories.damage import OTHER, changed


def account(events: Facts) -> Account:
    """Fold these events as a reader would find them."""
    read = history(sealed(events))
    return fold(read, read.of(type(cell()))[0])


def the(events: Facts, number: int) -> JobRecord:
    """Return the record of one job."""
    return next(r for r in account(events).jobs if r.key == key_of(number))


def refused(events: Facts, number: int) -> Facts:
    """Refuse the job with a 400, and leave no trace of it."""
    kept = damage.vanished(events, number)
    return changed(kept, number, SubmitEnded, outcome="failed", status=400)


def silent(events: Facts, number: int) -> Facts:
    """Accept the job, and leave no trace of it."""
    kept = damage.vanished(events, number)
    return changed(kept, number, SubmitEnded, outcome="ok", status=201)


FATE_OF: tuple[tuple[Callable[[Facts, int], Facts], Fate], ...] = (
    (refused, "refused"),
    (damage.vanished, "vanished"),
    (silent, "lost"),
    (damage.lost_record, "lost"),
    (damage.stranded_pending, "stuck"),
    (damage.stranded_started, "stuck"),
    (damage.duplicate_effect, "more_than_once"),
    (damage.duplicate_job, "more_than_once"),
    (damage.dead_lettered, "dead_lettered"),
    (damage.second_attempt, "once"),
    (lambda events, _: events, "once"),
)


@pytest.mark.parametrize(("damaged", "fate"), FATE_OF)
def test_every_key_has_the_first_fate_that_matches(
    damaged: Callable[[Facts, int], Facts], fate: Fate
) -> None:
    """The seven fates of `judging.md` §4, each by a job of its own."""
    events = damaged(facts(3), 2)
    assert the(events, 2).fate == fate
    assert the(events, 1).fate == the(events, 3).fate == "once"


@pytest.mark.parametrize(("damaged", "fate"), FATE_OF)
def test_the_books_balance_whatever_became_of_a_job(
    damaged: Callable[[Facts, int], Facts], fate: Fate
) -> None:
    """Accepted + recovered = the five ends, and asked is everything."""
    found = account(damaged(facts(3), 2))
    books = found.books
    assert found.unbalanced == ()
    assert books.accepted + books.recovered == books.ended
    assert books.asked == books.ended + books.refused + books.vanished == 3
    assert asdict(books)[fate] == (3 if fate == "once" else 1)


def test_a_failed_job_that_ran_is_not_dead_lettered() -> None:
    """A body that raises fails its job by itself."""
    events = changed(facts(2), 2, Row, status="failed", result=None)
    events = [
        damage.change(2, 3, "started", "failed", time=1001.5)
        if isinstance(event, Transition) and event.job == 2 and event.new == "finished"
        else event
        for event in events
    ]
    assert the(events, 2).fate == "once"


def test_a_stuck_job_with_two_effects_is_stuck() -> None:
    """The order of the fates decides: an open row comes before a repeated effect."""
    events = changed(damage.duplicate_effect(facts(2), 2), 2, Row, status="started")
    assert the(events, 2).fate == "stuck"


def test_a_row_that_was_there_and_is_gone_is_lost_not_refused() -> None:
    """The transition log is the database too: the key was seen there."""
    events = without(refused(facts(2), 2), 2, Row)
    events.append(damage.change(2, 1, None, "pending", time=1001.5))
    assert the(events, 2).fate == "lost"


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        (("failed", "ok"), "ok"),
        (("indefinite", "ok"), "ok"),
        (("failed", "indefinite"), "indefinite"),
        (("failed", "failed"), "failed"),
    ],
)
def test_one_submission_combines_the_outcomes_of_its_requests(
    outcomes: tuple[str, str], outcome: str
) -> None:
    """Any ok gives ok, else any indefinite gives indefinite, else failed."""
    events = damage.retried_same_job(facts(2), 2)
    asked = [e for e in events if isinstance(e, SubmitEnded) and e.key == key_of(2)]
    kept: Facts = [event for event in events if event not in asked]
    for event, value in zip(asked, outcomes, strict=True):
        kept += changed([event], 2, SubmitEnded, outcome=value)
    assert the(kept, 2).outcome == outcome


def test_a_request_without_an_end_may_have_happened() -> None:
    """The harness stopped listening: that is indefinite, not failed."""
    record = the(without(refused(facts(2), 2), 2, SubmitEnded), 2)
    assert record.outcome == "indefinite"
    assert record.fate == "vanished"
    events = damage.retried_same_job(facts(2), 2)
    events = changed(events, 2, SubmitEnded, outcome="failed", status=400)
    last = [e for e in events if isinstance(e, SubmitEnded) and e.nth == 2]
    assert the([e for e in events if e not in last], 2).outcome == "indefinite"


def test_a_recovered_job_is_one_that_was_not_accepted_and_is_there() -> None:
    """An API that answers 500 and keeps the row owes the job an end."""
    found = account(damage.failed_answer(facts(3), 2))
    assert (found.books.accepted, found.books.recovered) == (2, 1)
    assert found.books.once == 3


def test_a_jobs_id_leads_to_its_key_by_rows_transitions_and_answers() -> None:
    """Attempts name only the job: each of the three ways finds its key."""
    keyless = changed(changed(facts(2), 2, Row, key=None), 2, Transition, key=None)
    for events in (
        facts(2),
        without(facts(2), 2, Row),
        without(facts(2), 2, Transition),
        keyless,
    ):
        assert the(events, 2).runs == 1


def test_the_databases_word_goes_before_an_answers() -> None:
    """An answer with the wrong id takes no other key's row."""
    events = changed(facts(2), 1, SubmitEnded, job=2)
    assert [row.job for row in the(events, 2).rows] == [2]
    assert [row.job for row in the(events, 1).rows] == [1]


def test_what_nobody_asked_for_is_a_stranger() -> None:
    """Orphans and phantoms have records of their own, and are not in the books."""
    events = damage.phantom(damage.orphan_run(facts(2), 2), 1)
    orphan, phantom = sorted(account(events).strangers, key=lambda r: r.key)
    assert orphan.key == f"(job {OTHER + 2} without a key)"
    assert phantom.key == key_of(OTHER + 1)
    assert (orphan.asked, phantom.asked, orphan.outcome) == (False, False, None)
    assert account(events).books.asked == 2 + 1  # the orphan's own submission


def test_a_fact_counts_once_however_often_its_line_is_there() -> None:
    """Repeated lines change no record, and not the books."""
    events = damage.duplicate_effect(facts(3), 2)
    doubled = [event for event in events for _ in range(2)]
    assert account(doubled).jobs == account(events).jobs
    assert account(doubled).books == account(events).books


def test_a_final_read_repeated_later_is_the_last_word() -> None:
    """Two readings of one row are one row, as it was read last."""
    events = changed(facts(1), 1, Row, status="started")
    later = changed([damage.first(facts(1), 1, Row)], 1, Row, time=FINAL_READ + 0.5)
    record = the([*events, *later], 1)
    assert [row.status for row in record.rows] == ["finished"]


def test_transitions_are_ordered_by_sequence_not_by_time() -> None:
    """The database's clock may jump; its sequence does not."""
    events = [
        damage.change(1, event.sequence % 100, event.old, event.new, time=2000 - at)
        if isinstance(event, Transition)
        else event
        for at, event in enumerate(facts(1))
    ]
    record = the(events, 1)
    assert [t.new for t in record.transitions] == ["pending", "started", "finished"]
    told = [e for e in record.events() if isinstance(e, Transition)]
    assert list(record.transitions) == told


def test_an_attempt_is_paired_with_the_leaving_of_its_own_process() -> None:
    """The first attempt died; the second one's end is not the first one's."""
    first, second = the(damage.second_attempt(facts(2), 2), 2).attempts()
    assert first.left is None
    assert first.until == float("inf")
    assert second.left is not None
    assert second.until == second.left.time > second.entered.time


def test_a_publish_alone_is_no_trace_of_a_job() -> None:
    """A failed publish of a job that was rolled back leaves nothing behind."""
    events = damage.vanished(facts(2), 2)
    events += [e for e in facts(2) if isinstance(e, PublishBegun | PublishEnded)]
    assert the(events, 2).fate == "vanished"


def test_totals_that_disagree_are_named() -> None:
    """The books are compared with totals counted apart from the fold."""
    read = history(sealed(facts(2)))
    found = fold(read, cell())
    assert found.unbalanced == ()
    assert found.books == Books(asked=2, accepted=2, once=2)


def test_work_counts_the_workload_only() -> None:
    """Warm-up jobs and sentinels are jobs like any other, but earn nothing."""
    events = changed(facts(3), 3, SubmitBegun, purpose="sentinel")
    work = account(events).work
    assert (work.operations, work.accepted, work.finished) == (2, 2, 2)
    assert account(events).books.asked == 3


def test_work_counts_indefinite_answers_and_missing_ones() -> None:
    """A request without an end is as indefinite as a time-out."""
    events = damage.unanswered(damage.failed_answer(facts(3), 1), 2)
    assert account(events).work.indefinite == 2


def test_work_in_a_fault_window_is_operations_begun_and_attempts_running() -> None:
    """The window is from confirmed to healed: 1002.2 to 1004."""
    assert account(facts(11)).work.in_window == {"refuse-rabbitmq": 0}
    # Job 13 begins at 1002.3: one operation, one attempt.
    assert account(facts(13)).work.in_window == {"refuse-rabbitmq": 4}
    assert account(damage.stranded_started(facts(3), 3)).work.in_window == {
        "refuse-rabbitmq": 1
    }


def test_events_that_are_no_jobs_do_not_disturb_the_fold() -> None:
    """A delivery without a job, an unsent outbox entry, a failure of the harness."""
    extra: list[AnyEvent] = [
        HarnessFailed(time=1.0, because="x"),
        PublishBegun(time=1.0, job=None, task="t", process=1, container="c"),
        Owed(time=FINAL_READ, job=2),
    ]
    record = the([*facts(2), *extra], 2)
    assert len(record.owed) == 1
    kinds = {type(event) for event in record.events()}
    assert {Owed, AttemptEntered, EffectSeen, PollEnded, SubmitBegun} <= kinds
