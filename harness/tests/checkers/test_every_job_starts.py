"""Where a job that never starts was dropped on its way from web to worker."""

from typing import Any

import msgspec
import pytest

from harness.history import (
    AnyEvent,
    Delivered,
    Owed,
    PublishBegun,
    PublishEnded,
    QueueSeen,
    Row,
    SubmitEnded,
)
from harness.tests.histories import damage
from harness.tests.histories.build import FINAL_READ, Facts, facts, history, sealed
from harness.tests.histories.damage import changed, first
from harness.tests.histories.judged import judged


def stranded(*more: AnyEvent, **answer: Any) -> tuple[str, str]:
    """Strand job 2 with these events on top, and return its cause and sentence."""
    events: Facts = [*damage.stranded_pending(facts(2), 2), *more]
    if answer:
        events = changed(events, 2, SubmitEnded, **answer)
    result = judged(history(sealed(events)))
    (anomaly,) = result.guarantees["every_job_starts"].anomalies
    assert anomaly.kind == "stranded_pending"
    return anomaly.causes[0].cause, anomaly.causes[0].sentence


def left(*, dead_letters: bool = False, ready: int = 1) -> QueueSeen:
    """Return the final read of a queue that still holds a message."""
    return QueueSeen(
        time=FINAL_READ,
        queue="dead" if dead_letters else "other",
        ready=ready,
        unacknowledged=0,
        consumers=0,
        final=True,
        dead_letters=dead_letters,
    )


BEGUN = first(facts(2), 2, PublishBegun)
CONFIRMED = first(facts(2), 2, PublishEnded)
WRITTEN = msgspec.structs.replace(CONFIRMED, confirmed=False)
FAILED = msgspec.structs.replace(WRITTEN, error="ConnectionRefusedError")
TAKEN = first(facts(2), 2, Delivered)
OWED = Owed(time=FINAL_READ, job=2)


@pytest.mark.parametrize(
    ("more", "cause", "hop"),
    [
        ((), "never published", "never published"),
        ((OWED,), "never published", "its outbox entry was never sent"),
        ((BEGUN,), "never published", "publishing it never ended"),
        ((BEGUN, FAILED), "never published", "publishing it failed"),
        (
            (BEGUN, WRITTEN),
            "never confirmed",
            "published without a confirm, not in the queue",
        ),
        (
            (BEGUN, CONFIRMED),
            "dropped by the broker",
            "published and confirmed, not in the queue",
        ),
        (
            (BEGUN, CONFIRMED, left()),
            "stuck in the queue",
            "published, in the queue, not consumed",
        ),
        (
            (BEGUN, CONFIRMED, left(dead_letters=True)),
            "swallowed",
            "published, dead-lettered while its row is open",
        ),
        (
            (BEGUN, CONFIRMED, TAKEN),
            "delivered, not started",
            "delivered to a worker that did not start it",
        ),
    ],
)
def test_a_stranded_job_names_the_hand_over_that_failed(
    more: tuple[AnyEvent, ...], cause: str, hop: str
) -> None:
    """The latest hand-over that the job got to is the one that is named."""
    assert stranded(*more) == (cause, f"1 job pending for ever: answered 201, {hop}")


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
    assert f": {said}, " in stranded(**answer)[1]


def test_a_key_with_one_job_done_and_one_open_is_stranded_by_the_open_one() -> None:
    """The client retried: one row is finished, the first is pending for ever."""
    events = damage.duplicate_job(facts(2), 2)
    events = [
        msgspec.structs.replace(event, status="pending")
        if isinstance(event, Row) and event.job > damage.OTHER
        else event
        for event in events
        if (getattr(event, "job", None) or 0) <= damage.OTHER or isinstance(event, Row)
    ]
    events += [
        msgspec.structs.replace(
            damage.change(2, 50, None, "pending", time=1003.0), job=damage.OTHER + 2
        )
    ]
    result = judged(history(sealed(events)))
    starts = result.guarantees["every_job_starts"].anomalies
    assert [each.kind for each in starts] == ["stranded_pending"]
    assert not result.guarantees["every_started_job_ends"].anomalies


@pytest.mark.parametrize(
    ("damaged", "cause"),
    [("gone", "commit lost"), ("deleted", "deleted"), ("never", "never stored")],
)
def test_a_lost_job_says_how_it_went(damaged: str, cause: str) -> None:
    """Deleted, gone without a delete, or never there."""
    events = damage.lost_record(facts(2), 2)
    if damaged == "deleted":
        events.append(damage.change(2, 20, "finished", None, time=1003.0))
    if damaged == "never":
        events = damage.vanished(facts(2), 2)
        events = changed(events, 2, SubmitEnded, outcome="ok", status=201)
    result = judged(history(sealed(events)))
    (anomaly,) = result.guarantees["every_job_starts"].anomalies
    assert (anomaly.kind, anomaly.causes[0].cause) == ("lost_record", cause)
