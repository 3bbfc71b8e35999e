"""Where a lost or stuck job was dropped, and by what."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.history import (
    Acknowledged,
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    ChildDied,
    Delivered,
    PublishBegun,
    PublishEnded,
    QueueSeen,
    Rejected,
    Row,
    SubmitEnded,
    TaskEnded,
    read,
)
from harness.tests.histories import __main__ as pairs
from harness.tests.histories import causes, damage
from harness.tests.histories.build import Facts, facts, history, key_of, sealed, without
from harness.tests.histories.causes import EXAMPLES, whole
from harness.tests.histories.damage import changed, first
from harness.tests.histories.judged import judged, shown

FOLDER = Path(pairs.__file__).parent


def told(events: Facts) -> tuple[str, str, str]:
    """Return kind, cause and sentence of the one anomaly of job 2."""
    result = judged(history(sealed(events)))
    assert set(shown(result).values()) == {(key_of(2),)}
    # Whose message is left somewhere is late as well as stuck.
    ((kind, cause, because),) = [
        (anomaly.kind, each.cause, each.because)
        for found in result.guarantees.values()
        for anomaly in found.anomalies
        for each in anomaly.causes
        if anomaly.kind != "unrecovered"
    ]
    return kind, cause, because


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_history_on_disk_shows_its_anomaly_with_its_cause(name: str) -> None:
    """Exactly one anomaly, at one job; its proof is in the job's story."""
    example = EXAMPLES[name]
    result = judged(read(FOLDER / f"{name}.cause.jsonl"))
    late = {"unrecovered"} if name in {"not_consumed", "prefetched"} else set()
    assert shown(result) == dict.fromkeys({example.kind, *late}, (key_of(2),))
    assert told(example.harm(facts(2), 2)) == (
        example.kind,
        example.cause,
        example.said,
    )
    assert any(line.proof for line in result.stories[0].events)


@pytest.mark.parametrize("name", EXAMPLES)
def test_without_the_workers_words_less_is_said_and_the_same_is_found(
    name: str,
) -> None:
    """A history of before the probe wrote acknowledgements is judged all the same."""
    example = EXAMPLES[name]
    words = (Acknowledged, Rejected)
    events: Facts = [e for e in example.harm(facts(2), 2) if not isinstance(e, words)]
    kind, cause, because = told(events)
    assert kind == example.kind
    proven_by_words = {"early", "child_killed", "thrown_away", "over_the_limit"}
    if name in proven_by_words or name == "task_failed":
        assert cause == "unexplained"
        assert because.endswith(", no message is left to deliver again")
    elif name == "unreadable":  # of which nothing but that word is ever heard
        assert cause == "dropped by the broker"
    else:
        assert cause == example.cause


# --- before a worker has it ---------------------------------------------------------


def stranded(*more: AnyEvent) -> tuple[str, str]:
    """Strand job 2 with these events on top, and return cause and sentence."""
    kind, cause, because = told([*damage.stranded_pending(facts(2), 2), *more])
    assert kind == "stranded_pending"
    return cause, because


BEGUN, CONFIRMED = whole(2, PublishBegun, PublishEnded)
FAILED = changed([CONFIRMED], 2, PublishEnded, confirmed=False, error="Refused")[0]


@pytest.mark.parametrize(
    ("more", "how"),
    [
        ((), ""),
        ((BEGUN,), ": publishing it never ended"),
        ((BEGUN, FAILED), ": publishing it failed"),
    ],
)
def test_a_job_that_was_never_published_says_how_far_that_came(
    more: tuple[AnyEvent, ...], how: str
) -> None:
    """Not tried, not ended, failed."""
    said = f"answered 201, stored, never published{how}"
    assert stranded(*more) == ("never published", said)


def test_a_publish_that_failed_once_and_then_went_through_is_published() -> None:
    """The error of the first try proves nothing."""
    assert stranded(BEGUN, FAILED, BEGUN, CONFIRMED)[0] == "dropped by the broker"


def test_without_a_single_job_queue_the_message_was_unrouted() -> None:
    """A confirm says only that the broker had it; it may have had no place for it."""
    events = [e for e in causes.published(facts(2), 2) if not isinstance(e, QueueSeen)]
    dead = causes.queue(dead_letters=True)
    assert told([*events, dead])[1:] == (
        "unrouted",
        (
            "answered 201, published, not in the broker:"
            " no queue was ever there to take it"
        ),
    )
    seen = msgspec.structs.replace(causes.queue(), final=False)
    assert told([*events, seen])[1] == "dropped by the broker"


@pytest.mark.parametrize("queue", ["default", "more"])
@pytest.mark.parametrize("apart", [-0.2, 0.2, 0.7])
def test_a_queue_that_one_of_the_looks_found_may_have_taken_it(
    apart: float, queue: str
) -> None:
    """It came back, or went, in between, or it is another one."""
    events = causes.confirmed_for_no_queue(facts(2), 2)
    confirmed_at = first(events, 2, PublishEnded).time
    found = causes.queue(queue=queue, time=confirmed_at + apart, final=False)
    assert told([*events, found])[1] == "dropped by the broker"


@pytest.mark.parametrize("missed", [-0.2, 0.2, 0.7])
def test_without_looks_on_both_sides_nothing_is_proven(missed: float) -> None:
    """One before, and two after: the first of them may have begun before."""
    events = causes.confirmed_for_no_queue(facts(2), 2)
    at = first(events, 2, PublishEnded).time + missed
    fewer = [e for e in events if not (isinstance(e, QueueSeen) and e.time == at)]
    assert told(fewer)[1] == "dropped by the broker"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"outcome": "indefinite", "status": 500, "job": None}, "answered 500"),
        ({"outcome": "indefinite", "status": None, "job": None}, "not answered"),
    ],
)
def test_a_stranded_job_says_what_the_client_was_told(
    answer: dict[str, Any], said: str
) -> None:
    """A 500 that kept the row owes the job an end all the same."""
    events = damage.stranded_pending(facts(2), 2)
    events = changed(events, 2, SubmitEnded, **answer)
    assert told(events)[2].startswith(f"{said}, stored")


# --- a worker has it ----------------------------------------------------------------

ENTERED = first(facts(2), 2, AttemptEntered)
TAKEN = first(facts(2), 2, Delivered)
WORD = first(facts(2), 2, Acknowledged)


def died(time: float, **who: Any) -> ChildDied:
    """Return the death of the child that ran job 2, or of another one."""
    asked: dict[str, Any] = {"child": ENTERED.process, "container": ENTERED.container}
    return ChildDied(time=time, exitcode=-9, process=20, **(asked | who))


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ((died(ENTERED.time), WORD), "delivered, worker died"),
        ((died(ENTERED.time),), "delivered, worker died"),
        ((died(ENTERED.time - 0.001),), "delivered, not ended"),
        ((died(1500.0, child=77),), "delivered, not ended"),
        ((died(1500.0, container="worker-2"),), "delivered, not ended"),
        ((), "delivered, not ended"),
    ],
)
def test_only_the_death_of_its_own_process_is_the_attempts(
    more: tuple[AnyEvent, ...], place: str
) -> None:
    """Before the attempt, of another child, of another worker: not this one's."""
    kind, _, because = told([*damage.stranded_started(facts(2), 2), *more])
    assert kind == "stranded_started"
    assert because.startswith(f"answered 201, {place}: ")


def test_a_worker_can_die_between_delivery_and_attempt() -> None:
    """Delivered, acknowledged, never entered."""
    events = [*causes.published(facts(2), 2), TAKEN, WORD, died(TAKEN.time + 0.001)]
    assert told(events) == (
        "stranded_pending",
        "acknowledged too early",
        (
            "answered 201, delivered, worker died: its worker died before the attempt,"
            " its message was acknowledged all the same"
        ),
    )


def test_a_worker_that_ends_after_the_task_did_not_die_with_it() -> None:
    """The task failed; that its child was killed a minute later is not why."""
    failed = causes.task_failed(facts(2), 2)
    end = first(failed, 2, TaskEnded).time
    for later_on in (end, end + 60):
        assert told([*failed, died(later_on)]) == told(failed)
    assert "delivered, worker died" in told([*failed, died(end - 0.001)])[2]


def test_a_message_that_was_acknowledged_undelivered_was_acknowledged_too_early() -> (
    None
):
    """The main process acknowledges before a child says that it has it."""
    assert told([*causes.published(facts(2), 2), WORD])[1:] == (
        "acknowledged too early",
        (
            "answered 201, delivered, not ended: no worker entered its body,"
            " its message had been acknowledged"
        ),
    )


@pytest.mark.parametrize(
    "word",
    [
        msgspec.structs.replace(WORD, error="ConnectionResetError"),
        causes.rejected(2, requeue=True),
        msgspec.structs.replace(causes.rejected(2), error="ConnectionResetError"),
    ],
)
def test_a_word_that_takes_no_message_away_proves_nothing(word: AnyEvent) -> None:
    """It was not heard, or it asked for the message to be queued again."""
    events = [*damage.stranded_started(facts(2), 2), word]
    assert told([*events, causes.queue(ready=1)])[1] == "stuck in the queue"


def test_each_message_needs_a_word_of_its_own() -> None:
    """Two were sent, one was acknowledged: the other one may be what is left."""
    events = [*causes.child_killed(facts(2), 2), causes.queue(ready=1)]
    assert told(events)[1] == "acknowledged too early"
    again = msgspec.structs.replace(CONFIRMED, time=CONFIRMED.time + 0.001)
    assert told([*events, again])[1] == "stuck in the queue"


def test_a_task_that_ended_before_the_last_delivery_says_nothing_of_it() -> None:
    """The first delivery's task failed; of the second one nothing was heard."""
    events = causes.task_failed(facts(2), 2)
    later = msgspec.structs.replace(TAKEN, time=TAKEN.time + 1)
    word = msgspec.structs.replace(WORD, time=WORD.time + 1)
    assert told([*events, later, word])[1] == "acknowledged too early"


@pytest.mark.parametrize(
    ("counts", "cause"),
    [
        ({"unacknowledged": 1, "ready": 1}, "stuck unacknowledged"),
        ({"ready": 1}, "stuck in the queue"),
        ({"ready": 1, "dead_letters": True}, "swallowed"),
        ({"unacknowledged": 1, "dead_letters": True}, "swallowed"),
        ({"unacknowledged": 1, "ready": 1, "dead_letters": True}, "swallowed"),
    ],
)
def test_what_the_broker_has_left_may_be_the_jobs(
    counts: dict[str, Any], cause: str
) -> None:
    """Unacknowledged, ready, dead-lettered."""
    events = [*damage.stranded_started(facts(2), 2), causes.queue(**counts)]
    assert told(events)[1] == cause


def test_a_body_that_was_published_again_is_on_its_way_again() -> None:
    """Its error was retried, and what came of that is what counts."""
    events = causes.not_written(facts(2), 2)
    events = changed(events, 2, AttemptLeft, outcome="raised", error="OperationalError")
    left = first(events, 2, AttemptLeft)
    again = [
        msgspec.structs.replace(event, time=left.time + 0.001)
        for event in (BEGUN, CONFIRMED)
    ]
    assert told(events)[2].endswith(
        "ran, effect missing: its body raised, its row never ended"
    )
    assert told([*events, *again, causes.queue(ready=1)])[1:] == (
        "stuck in the queue",
        (
            "answered 201, delivered, not ended: its body raised, and it was published"
            " again, messages are left in the queue"
        ),
    )


def test_the_last_attempt_is_the_one_that_counts() -> None:
    """The first one ended, the second one did not."""
    events = causes.not_written(facts(2), 2)
    later = msgspec.structs.replace(ENTERED, time=ENTERED.time + 1, process=31)
    result = judged(history(sealed([*events, later])))
    (found,) = result.guarantees["every_started_job_ends"].anomalies
    assert "its attempt never ended" in found.causes[0].because


def test_an_effect_without_an_end_of_its_attempt_is_there_all_the_same() -> None:
    """The line of the end may be what is missing."""
    events = [
        e
        for e in causes.half_written(facts(2), 2)
        if not isinstance(e, AttemptLeft) or e.job != 2
    ]
    assert told(events)[2] == (
        "answered 201, effect there, state wrong:"
        " its attempt never ended, its row never ended"
    )


def test_a_row_that_says_started_did_start_even_without_an_attempt() -> None:
    """Killed between its status and its body: it is no job that never started."""
    events = damage.stranded_started(facts(2), 2)
    kind, cause, because = told(without(events, 2, AttemptEntered, Delivered))
    assert (kind, cause) == ("stranded_started", "dropped by the broker")
    assert "no worker entered its body" in because


def test_a_requeued_job_that_stays_pending_is_one_that_started() -> None:
    """It ran once: what it lacks is an end."""
    events = changed(damage.stranded_started(facts(2), 2), 2, Row, status="pending")
    events.append(damage.change(2, 30, "started", "pending", time=1500.0))
    assert told(events)[0] == "stranded_started"


def test_what_happens_in_one_instant_counts() -> None:
    """Acknowledged when it died, ended when it was delivered: clocks are coarse."""
    events = [*causes.child_killed(facts(2), 2)]
    moment = first(events, 2, Acknowledged).time
    events = [e for e in events if not isinstance(e, ChildDied)]
    assert told([*events, died(moment)])[2].endswith("acknowledged all the same")
    events = changed(causes.task_failed(facts(2), 2), 2, TaskEnded, time=TAKEN.time)
    assert told(events)[1] == "swallowed"


def test_a_publish_in_the_instant_of_the_end_is_not_a_new_one() -> None:
    """Only what comes after the body can be a retry of it."""
    events = causes.not_written(facts(2), 2)
    left = first(events, 2, AttemptLeft)
    same = msgspec.structs.replace(CONFIRMED, time=left.time)
    assert told([*events, same])[1] == "result lost"


def test_a_task_that_ended_undelivered_ended_all_the_same() -> None:
    """Its delivery may be among what was not seen."""
    ended = changed(whole(2, TaskEnded), 2, TaskEnded, state="FAILURE", time=WORD.time)
    events = [*causes.published(facts(2), 2), *ended, WORD]
    assert told(events)[1] == "swallowed"


def test_an_effect_without_any_attempt_is_there_all_the_same() -> None:
    """Nobody entered the body, as far as the ledger knows, and the effect is there."""
    events = causes.half_written(facts(2), 2)
    events = without(events, 2, AttemptEntered, AttemptLeft)
    assert told(events)[2].startswith("answered 201, effect there, state wrong: ")
