"""Jobs that started and are open for ever, and what became of their message."""

from typing import Any

import pytest

from harness.history import (
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    Delivered,
    ProcessEnded,
    QueueSeen,
    Row,
)
from harness.tests.histories import damage
from harness.tests.histories.build import FINAL_READ, facts, history, sealed, without
from harness.tests.histories.damage import first
from harness.tests.histories.judged import judged


def queue(**counts: Any) -> QueueSeen:
    """Return the final read of a queue that is not empty."""
    seen: dict[str, Any] = {"ready": 0, "unacknowledged": 0, "consumers": 1}
    return QueueSeen(time=FINAL_READ, queue="other", final=True, **(seen | counts))


DIED = ProcessEnded(
    time=1500.0,
    on="worker-1",
    process=first(facts(2), 2, AttemptEntered).process,
    because="SIGKILL",
)
LEFT = first(facts(2), 2, AttemptLeft)


@pytest.mark.parametrize(
    ("more", "cause", "how"),
    [
        ((), "not delivered again", "its attempt never ended, no message is left"),
        ((DIED,), "not delivered again", "its worker died in the attempt, no message"),
        ((LEFT,), "result lost", "its body returned, its row never ended"),
        ((queue(ready=1),), "stuck in the queue", "messages are left in the queue"),
        (
            (queue(unacknowledged=1),),
            "stuck unacknowledged",
            "messages are unacknowledged",
        ),
        (
            (queue(ready=1, dead_letters=True),),
            "swallowed",
            "messages are dead-lettered",
        ),
    ],
)
def test_a_started_job_that_never_ends_says_how_far_it_came(
    more: tuple[AnyEvent, ...], cause: str, how: str
) -> None:
    """By the last attempt, its process, and what the broker still holds."""
    events = [*damage.stranded_started(facts(2), 2), *more]
    result = judged(history(sealed(events)))
    (anomaly,) = result.guarantees["every_started_job_ends"].anomalies
    assert anomaly.kind == "stranded_started"
    assert anomaly.causes[0].cause == cause
    assert how in anomaly.causes[0].sentence


def test_a_row_that_says_started_did_start_even_without_an_attempt() -> None:
    """Killed between its status and its body: it is no job that never started."""
    events = damage.stranded_started(facts(2), 2)
    events = without(events, 2, AttemptEntered, Delivered)
    result = judged(history(sealed(events)))
    assert not result.guarantees["every_job_starts"].anomalies
    (anomaly,) = result.guarantees["every_started_job_ends"].anomalies
    assert anomaly.causes[0].cause == "unexplained"


def test_a_requeued_job_that_stays_pending_is_one_that_started() -> None:
    """It ran once: what it lacks is an end."""
    events = damage.stranded_started(facts(2), 2)
    events = damage.changed(events, 2, Row, status="pending")
    events.append(damage.change(2, 30, "started", "pending", time=1500.0))
    result = judged(history(sealed(events)))
    assert not result.guarantees["every_job_starts"].anomalies
    assert result.guarantees["every_started_job_ends"].anomalies
