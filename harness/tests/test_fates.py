"""Folding a history into job records, and books that balance."""

from collections.abc import Callable
from dataclasses import asdict, replace

import msgspec
import pytest

from harness.fates import Account, Books, _disagreements, fold
from harness.history import (
    Acknowledged,
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    ContainerEnded,
    DeadLettered,
    Delivered,
    EffectSeen,
    FaultConfirmed,
    HarnessFailed,
    Owed,
    PollEnded,
    PublishBegun,
    PublishEnded,
    Row,
    SubmitBegun,
    SubmitEnded,
    TaskEnded,
    Transition,
)
from harness.records import Fate, JobRecord
from harness.tests.histories import causes, damage
from harness.tests.histories.build import (
    FAULT,
    FINAL_READ,
    Facts,
    about,
    cell,
    facts,
    history,
    job,
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


def test_an_id_that_was_given_twice_leads_to_who_had_it_then() -> None:
    """A crash took back a commit and its id; the next job was given it again."""
    first = without(facts(2), 2, Row, Transition, EffectSeen)
    second = job(3, at=1010.0)
    again = [
        msgspec.structs.replace(event, job=2)
        if getattr(event, "job", None) == 3
        else event
        for event in second
    ]
    events = [*first, *again]
    lost, owner = the(events, 2), the(events, 3)
    assert (lost.fate, owner.fate) == ("lost", "once")
    assert (lost.runs, owner.runs) == (1, 1)
    assert max(event.time for event in lost.events()) < 1010.0
    # Who answers with the id of a job that is there already never had it.
    liar = changed(facts(2), 2, SubmitEnded, job=1)
    assert the(liar, 1).runs == 1
    assert account(events).forgets
    assert not account(facts(2)).forgets


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


def test_lines_of_one_instant_are_the_same_in_any_order() -> None:
    """Two writers at once, or two readings that contradict each other."""
    entered = damage.first(facts(1), 1, AttemptEntered)
    other = msgspec.structs.replace(entered, process=99)
    row = damage.first(facts(1), 1, Row)
    contrary = msgspec.structs.replace(row, status="started")
    events = [other, *facts(1), contrary]
    backwards = [contrary, *facts(1), other]
    backwards.reverse()
    assert the(events, 1) == the(backwards, 1)
    assert [each.process for each in the(events, 1).entered] == [22, 99]


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


def test_totals_that_agree_name_nothing() -> None:
    """The books are compared with totals counted apart from the fold."""
    read = history(sealed(facts(2)))
    found = fold(read, cell())
    assert found.unbalanced == ()
    assert found.books == Books(asked=2, accepted=2, once=2)


@pytest.mark.parametrize(
    ("wrong", "jobs", "named"),
    [
        (
            {"once": 3},
            2,
            [
                "accepted and recovered keys / their fates: 2 and 3",
                "keys asked for / keys with a fate: 2 and 3",
            ],
        ),
        ({"refused": 1}, 2, ["keys asked for / keys with a fate: 2 and 3"]),
        (
            {"asked": 3, "vanished": 1},
            2,
            ["keys in the client ledger / in the books: 2 and 3"],
        ),
        ({"accepted": 1, "recovered": 1}, 2, ["keys answered ok / accepted: 2 and 1"]),
        (
            {},
            1,
            [
                "rows in the database / in the records: 2 and 1",
                "effects in the database / in the records: 2 and 1",
            ],
        ),
    ],
)
def test_totals_that_disagree_are_named(
    wrong: dict[str, int], jobs: int, named: list[str]
) -> None:
    """A fold that loses a key or a row, or counts one twice, is found out."""
    read = history(sealed(facts(2)))
    found = fold(read, cell())
    books = replace(found.books, **wrong)
    assert list(_disagreements(read, found.jobs[:jobs], books)) == named


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


# --- what one trace proves ----------------------------------------------------------


def only(*kinds: type) -> Facts:
    """Let the client's ledger know job 2 as unanswered, and the others by these."""
    kept = damage.vanished(facts(2), 2)
    own = [event for event in facts(2) if isinstance(event, kinds)]
    return [*kept, *(event for event in own if getattr(event, "job", None) == 2)]


DEAD = DeadLettered(time=1005.0, job=2, queue="dead")
OWED = Owed(time=FINAL_READ, job=2)


@pytest.mark.parametrize(
    "events",
    [
        only(Transition),
        [*only(SubmitEnded), *only(EffectSeen)[-1:]],
    ],
)
def test_the_database_knows_a_job_by_any_trace(events: Facts) -> None:
    """A change or an effect: a job of which one is left has been there."""
    named = changed(events, 2, SubmitEnded, job=2)
    assert the(named, 2).in_database
    assert the(named, 2).fate == "lost"


@pytest.mark.parametrize(
    "trace",
    [only(kind)[-1] for kind in (Delivered, AttemptEntered, AttemptLeft, TaskEnded)]
    + [DEAD],
)
def test_a_worker_knows_a_job_by_any_trace(trace: AnyEvent) -> None:
    """Delivered, entered, left, ended or dead-lettered: it must have been stored."""
    events = changed(damage.vanished(facts(2), 2), 2, SubmitEnded, job=2)
    record = the([*events, trace], 2)
    assert record.in_attempts
    assert not record.in_database
    assert record.fate == "lost"


def test_a_job_that_only_the_outbox_knows_was_stored() -> None:
    """What is owed was written in one transaction with the job."""
    events = changed(damage.vanished(facts(2), 2), 2, SubmitEnded, job=2)
    assert the([*events, OWED], 2).in_database
    assert the(events, 2).fate == "vanished"


@pytest.mark.parametrize(
    ("row", "change", "runs", "started"),
    [
        ("pending", None, False, False),
        ("started", None, False, True),
        ("pending", "started", False, True),
        ("pending", None, True, True),
        ("failed", None, False, False),
    ],
)
def test_a_job_started_if_anything_says_so(
    row: str, change: str | None, runs: bool, started: bool
) -> None:
    """Its row, a change of it, or a body that was entered."""
    events = changed(damage.stranded_pending(facts(2), 2), 2, Row, status=row)
    if change is not None:
        events.append(damage.change(2, 2, "pending", change, time=1002.0))
    if runs:
        events.append(damage.first(facts(2), 2, AttemptEntered))
    assert the(events, 2).started is started


def test_a_lost_line_of_an_entry_is_seen_by_the_end_of_its_attempt() -> None:
    """A body that was left has been entered."""
    assert the(without(facts(2), 2, AttemptEntered), 2).runs == 1
    assert the(without(facts(2), 2, AttemptLeft), 2).runs == 1
    assert the(damage.second_attempt(facts(2), 2), 2).runs == 2


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((500, 201), "answered 500, then 201"),
        ((500, 500), "answered 500"),
        ((None, 201), "answered nothing, then 201"),
        ((201, 500), "answered 201, then 500"),
        ((None, None), "not answered"),
    ],
)
def test_what_the_client_was_told_is_said_in_the_order_of_its_requests(
    answers: tuple[int | None, int | None], said: str
) -> None:
    """The answer to the second request may come first."""
    events = damage.retried_same_job(facts(2), 2)
    asked = [e for e in events if isinstance(e, SubmitEnded) and e.key == key_of(2)]
    kept: Facts = [event for event in events if event not in asked]
    for event, status in zip(asked, answers, strict=True):
        kept += changed([event], 2, SubmitEnded, status=status, time=2000.0 - event.nth)
    assert the(kept, 2).answered == said


def test_each_job_of_a_key_has_what_is_its_own_and_what_was_said_of_it() -> None:
    """Rows, changes, publishes and answers apart; requests in both."""
    record = the(damage.duplicate_job(facts(2), 2), 2)
    own, other = record.each_job()
    assert record.jobs == (2, OTHER + 2)
    assert [row.job for row in own.rows] == [2]
    assert [row.job for row in other.rows] == [OTHER + 2]
    assert {change.job for change in other.transitions} == {OTHER + 2}
    assert {event.job for event in other.publishes_begun} == {OTHER + 2}
    assert (len(own.entered), len(other.entered)) == (1, 0)
    assert len(own.begun) == len(other.begun) == 2
    assert (own.answered, other.answered) == ("not answered", "answered 201")
    assert the(facts(2), 2).each_job() == (the(facts(2), 2),)


def test_only_the_open_jobs_of_a_key_are_open() -> None:
    """One ended, one did not."""
    events = changed(
        damage.duplicate_job(facts(2), 2), OTHER + 2, Row, status="started"
    )
    (opened,) = the(events, 2).each_open()
    assert [row.job for row in opened.rows] == [OTHER + 2]
    assert the(facts(2), 2).each_open() == ()


def test_a_jobs_events_are_told_by_time_and_its_changes_in_their_order() -> None:
    """The database's clock is another one: its changes keep the order they had.

    What happens in the same instant has an order of its own, always the same.
    """
    events = changed(facts(1), 1, Delivered, time=1001.131)
    late = [
        msgspec.structs.replace(event, time=1001.5)
        if isinstance(event, Transition) and event.new == "pending"
        else event
        for event in events
    ]
    told = the(late, 1).events()
    changes = [event.new for event in told if isinstance(event, Transition)]
    assert changes == ["pending", "started", "finished"]
    place = [type(event).__name__ for event in told]
    assert place.index("Transition") > place.index("AttemptLeft")
    assert the(events, 1).events() == the(list(reversed(events)), 1).events()
    ordered = the(facts(1), 1).events()
    assert [event.time for event in ordered] == sorted(e.time for e in ordered)
    assert len(told) == sum(1 for event in late if about(event, 1))


@pytest.mark.parametrize("kind", [Row, Transition, AttemptEntered, SubmitEnded])
def test_any_ledger_may_be_the_one_that_knows_a_keys_job(kind: type) -> None:
    """A row, a change, an attempt, an answer: each names the job by itself."""
    asked = [e for e in facts(2) if isinstance(e, SubmitBegun) and about(e, 2)]
    named = [e for e in facts(2) if isinstance(e, kind) and about(e, 2)]
    answer = [e for e in facts(2) if isinstance(e, SubmitEnded) and about(e, 2)]
    if kind is AttemptEntered:
        named += answer
    assert the([*facts(1), *asked, *named], 2).jobs == (2,)


def test_a_failed_row_without_a_log_did_not_come_by_the_dead_letters() -> None:
    """Nobody knows how it came; that it is so is told by another guarantee."""
    events = changed(without(facts(2), 2, Transition), 2, Row, status="failed")
    assert not the(events, 2).went_to_dead_letters
    assert the([*events, DEAD], 2).went_to_dead_letters


def test_two_attempts_at_once_have_each_its_own_end() -> None:
    """Entered, entered, left, left: by the process, not by the order."""
    entered = damage.first(facts(1), 1, AttemptEntered)
    left = damage.first(facts(1), 1, AttemptLeft)
    other = {"process": 99, "container": "worker-2"}
    events = [
        *without(facts(1), 1, AttemptEntered, AttemptLeft),
        entered,
        msgspec.structs.replace(entered, time=entered.time + 0.001, **other),
        msgspec.structs.replace(left, time=entered.time),
        msgspec.structs.replace(left, time=left.time + 1, **other),
    ]
    first, second = the(events, 1).attempts()
    assert first.left is not None
    assert second.left is not None
    assert first.left.process == entered.process
    assert second.left.process == 99


def test_an_answer_without_its_request_is_of_a_key_that_was_asked_for() -> None:
    """The line of the request is lost: the key is no stranger for that."""
    found = account(without(facts(2), 2, SubmitBegun))
    assert (found.books.asked, found.strangers, found.unbalanced) == (2, (), ())
    assert the(without(facts(2), 2, SubmitBegun), 2).outcome == "ok"
    assert the(without(refused(facts(2), 2), 2, SubmitBegun), 2).outcome == "failed"


def test_one_word_of_a_worker_shows_that_the_probe_writes_them() -> None:
    """An acknowledgement or a rejection: without either, their absence is no proof."""
    silent: Facts = [e for e in facts(2) if not isinstance(e, Acknowledged)]
    assert not account(silent).acknowledgements_seen
    assert account(facts(2)).acknowledgements_seen
    assert account([*silent, causes.rejected(1)]).acknowledgements_seen


def test_a_process_died_when_the_first_of_its_deaths_came() -> None:
    """Children's ends and containers' ends are in one order."""
    child = causes.killed_child(1)
    late = msgspec.structs.replace(child, time=child.time + 5)
    ended = ContainerEnded(
        time=child.time + 1,
        gone=child.time + 2,
        container=child.container,
        because="killed",
    )
    found = account([*facts(1), late, ended])
    assert found.died_at(child.container, child.child, 0.0) == ended.time
    found = account([*facts(1), child, ended])
    assert found.died_at(child.container, child.child, 0.0) == child.time
    assert found.died_at("worker-9", child.child, 0.0) is None
    assert found.died_at(child.container, 77, ended.gone) == ended.time
    assert found.died_at(child.container, 77, ended.gone + 0.1) is None
    elsewhere = msgspec.structs.replace(child, container="worker-0", time=1.0)
    found = account([*facts(1), elsewhere, ended])
    assert found.died_at(child.container, child.child, 0.0) == ended.time


def test_work_at_the_very_ends_of_a_window_counts() -> None:
    """Begun when the fault was healed, left when it was confirmed."""
    entered = damage.first(facts(1), 1, AttemptEntered)
    left = damage.first(facts(1), 1, AttemptLeft)
    at_end = changed(facts(1), 1, SubmitBegun, time=1004.0)
    assert account(at_end).work.in_window == {FAULT.name: 1}
    for moved in (
        [msgspec.structs.replace(left, time=1002.2)],
        [
            msgspec.structs.replace(entered, time=1004.0),
            msgspec.structs.replace(left, time=1005.0),
        ],
    ):
        events = without(facts(1), 1, *{type(event) for event in moved})
        assert account([*events, *moved]).work.in_window == {FAULT.name: 1}


def test_a_fault_that_never_bit_has_no_window_and_hides_no_other() -> None:
    """Its neighbour's work is counted."""
    other = msgspec.structs.replace(FAULT, name="a-second")
    asked = cell(faults=(FAULT, other))
    events = [
        event
        for event in facts(13, asked=asked)
        if not (isinstance(event, FaultConfirmed) and event.fault == FAULT.name)
    ]
    work = fold(history(sealed(events)), asked).work
    assert work.in_window == {"a-second": 4}
