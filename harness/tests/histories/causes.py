"""One history for each cause that is proven, and for each place a job can stop at.

A cause takes the events of a clean cell and a job's number, like a damage, and returns
events in which exactly one anomaly stands, at that job, with that cause.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from harness.history import (
    Acknowledged,
    AttemptEntered,
    AttemptLeft,
    ChildDied,
    ContainerEnded,
    Delivered,
    EffectSeen,
    Owed,
    PublishBegun,
    PublishEnded,
    QueueSeen,
    Rejected,
    Row,
    SubmitEnded,
    TaskEnded,
    Transition,
)
from harness.tests.histories import damage
from harness.tests.histories.build import (
    FINAL_READ,
    OTHER_CHILD,
    Facts,
    facts,
    without,
)
from harness.tests.histories.damage import changed, first


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A way to harm a job, the anomaly that it shows, and what is said of it."""

    harm: Callable[[Facts, int], Facts]
    kind: str
    cause: str
    said: str


def whole(number: int, *kinds: type) -> Facts:
    """Return the events of these kinds of a job that went well."""
    return [
        event
        for event in facts(number)
        if isinstance(event, kinds) and getattr(event, "job", None) == number
    ]


def queue(**counts: Any) -> QueueSeen:
    """Return the final read of one more queue."""
    seen: dict[str, Any] = {"ready": 0, "unacknowledged": 0, "consumers": 1}
    seen["queue"] = "dead" if counts.get("dead_letters") else "other"
    return QueueSeen(**({"time": FINAL_READ, "final": True} | seen | counts))


def killed_child(number: int) -> ChildDied:
    """Return the death of the pool child that ran the job."""
    entered = first(facts(number), number, AttemptEntered)
    return ChildDied(
        time=entered.time + 0.01,
        child=entered.process,
        exitcode=-9,
        process=20,
        container=entered.container,
    )


def rejected(number: int, *, requeue: bool = False) -> Rejected:
    """Return the worker's word that it gives the job's message back."""
    word = first(facts(number), number, Acknowledged)
    return Rejected(
        time=word.time,
        job=number,
        task=word.task,
        delivery_tag=word.delivery_tag,
        requeue=requeue,
        process=word.process,
        container=word.container,
    )


# --- pending for ever ---------------------------------------------------------------


def owed(events: Facts, number: int) -> Facts:
    """The outbox was never emptied."""
    events = damage.stranded_pending(events, number)
    return [*events, Owed(time=FINAL_READ, job=number)]


def unrouted(events: Facts, number: int) -> Facts:
    """The broker has no queue for the message, and returns it."""
    events = published(events, number)
    error = "MessageReturned(312, 'NO_ROUTE')"
    return changed(events, number, PublishEnded, confirmed=False, error=error)


def published(events: Facts, number: int) -> Facts:
    """Confirmed by the broker, and never seen again."""
    events = damage.stranded_pending(events, number)
    return [*events, *whole(number, PublishBegun, PublishEnded)]


def confirmed_for_no_queue(events: Facts, number: int) -> Facts:
    """Confirmed by the broker between looks that missed the queue."""
    events = published(events, number)
    published_at = first(events, number, PublishEnded).time
    looks = [published_at + apart for apart in (-0.2, 0.2, 0.7)]
    absent = queue(queue="default", consumers=0, missing=True, final=False)
    # Whatever looks there were meanwhile cannot have found it.
    others = [
        event
        for event in events
        if not (isinstance(event, QueueSeen) and looks[0] <= event.time <= looks[-1])
    ]
    return [*others, *(msgspec.structs.replace(absent, time=time) for time in looks)]


def written(events: Facts, number: int) -> Facts:
    """Written to a socket without a confirm, and never seen again."""
    events = published(events, number)
    return changed(events, number, PublishEnded, confirmed=False)


def not_consumed(events: Facts, number: int) -> Facts:
    """Left in a queue that nobody consumes."""
    return [*published(events, number), queue(ready=1, consumers=0)]


def prefetched(events: Facts, number: int) -> Facts:
    """Taken by a worker that never comes to start it."""
    return [*published(events, number), queue(unacknowledged=1)]


def dead_lettered(events: Facts, number: int) -> Facts:
    """Moved to a dead-letter queue that nobody consumes."""
    return [*published(events, number), queue(ready=1, dead_letters=True)]


def task_failed(events: Facts, number: int) -> Facts:
    """The database was away: the task failed before the body, and was acknowledged."""
    events = published(events, number)
    events += whole(number, Delivered, TaskEnded, Acknowledged)
    return changed(events, number, TaskEnded, state="FAILURE")


def unreadable(events: Facts, number: int) -> Facts:
    """Half of the message's body came; the worker threw it away by acknowledging it."""
    events = [*published(events, number), *whole(number, Acknowledged)]
    return changed(events, number, Acknowledged, job=None)


# --- started for ever ---------------------------------------------------------------


def early(events: Facts, number: int) -> Facts:
    """Acknowledged when the attempt began, and the container was killed in it."""
    entered = first(events, number, AttemptEntered)
    word = first(events, number, Acknowledged)
    return [
        *damage.stranded_started(events, number),
        msgspec.structs.replace(word, time=entered.time - 0.001),
        ContainerEnded(
            time=entered.time + 0.01,
            gone=entered.time + 0.02,
            container=entered.container,
            because="killed",
        ),
    ]


def child_killed(events: Facts, number: int) -> Facts:
    """The child was killed, and the worker acknowledged its message all the same."""
    events = damage.stranded_started(events, number)
    return [*events, killed_child(number), *whole(number, Acknowledged)]


def hangs(events: Facts, number: int) -> Facts:
    """The attempt goes on for ever, and holds its message."""
    return [*damage.stranded_started(events, number), queue(unacknowledged=1)]


def thrown_away(events: Facts, number: int) -> Facts:
    """The child was killed, and its message rejected, not to be queued again."""
    events = damage.stranded_started(events, number)
    return [*events, killed_child(number), rejected(number)]


def over_the_limit(events: Facts, number: int) -> Facts:
    """Given back, and dropped: it was delivered too often, and no queue is for that."""
    events = damage.stranded_started(events, number)
    return [*events, killed_child(number), rejected(number, requeue=True)]


def not_written(events: Facts, number: int) -> Facts:
    """The body returned, and neither effect nor result was written."""
    events = damage.stranded_started(events, number)
    return [*events, *whole(number, AttemptLeft, Acknowledged)]


def half_written(events: Facts, number: int) -> Facts:
    """The effect was written, the result was not."""
    return [*not_written(events, number), *whole(number, EffectSeen)]


# --- lost ---------------------------------------------------------------------------


def never_stored(events: Facts, number: int) -> Facts:
    """Accepted, and in no ledger but the client's."""
    events = damage.vanished(events, number)
    return changed(events, number, SubmitEnded, outcome="ok", status=201, job=number)


def taken_back(events: Facts, number: int) -> Facts:
    """Committed, seen and done; a crash took it back, with all that tells of it."""
    return without(events, number, Transition, Row, EffectSeen)


# --- an effect that came twice ------------------------------------------------------


def retried(events: Facts, number: int) -> Facts:
    """Celery retried the task after its effect."""
    events = damage.duplicate_effect(events, number)
    entered = first(events, number, AttemptEntered)
    (ended,) = whole(number, TaskEnded)
    again = msgspec.structs.replace(ended, state="RETRY", time=entered.time + 0.02)
    return [*changed(events, number, Delivered, redelivered=False), again]


def leased(events: Facts, number: int) -> Facts:
    """The lease of a slow attempt ran out, and a reaper put its job back."""
    again = EffectSeen(time=FINAL_READ, effect=damage.OTHER + number, job=number)
    events = damage.requeued(events, number)
    return [*changed(events, number, Delivered, redelivered=False), again]


def published_again(events: Facts, number: int) -> Facts:
    """A relay that crashed between publishing and marking publishes it again."""
    events = damage.duplicate_effect(events, number)
    (ended,) = whole(number, PublishEnded)
    again = msgspec.structs.replace(ended, time=ended.time + 1)
    return [*changed(events, number, Delivered, redelivered=False), again]


def delivered_twice(events: Facts, number: int) -> Facts:
    """Something between web and worker made two messages of one."""
    events = damage.duplicate_effect(events, number)
    return changed(events, number, Delivered, redelivered=False)


def tried_twice(events: Facts, number: int) -> Facts:
    """No try to publish it was confirmed in time, and each of them got there."""
    events = delivered_twice(events, number)
    (begun,), (ended,) = whole(number, PublishBegun), whole(number, PublishEnded)
    again = [
        msgspec.structs.replace(each, time=each.time + 1) for each in (begun, ended)
    ]
    error = {"confirmed": False, "error": "TimeoutError()"}
    return changed([*events, *again], number, PublishEnded, **error)


def given_again(events: Facts, number: int) -> Facts:
    """A crash took back a job whose message was out, and its id was given again."""
    return [
        msgspec.structs.replace(event, task="another")
        if isinstance(event, Delivered) and event.process == OTHER_CHILD
        else event
        for event in delivered_twice(events, number)
    ]


EXAMPLES: Mapping[str, Example] = {
    each.harm.__name__: each
    for each in (
        Example(
            harm=never_stored,
            kind="lost_record",
            cause="never stored",
            said="answered 201, never stored",
        ),
        Example(
            harm=taken_back,
            kind="lost_record",
            cause="commit lost",
            said="answered 201, stored, row gone: its row was seen, and is gone without"
            " a trace",
        ),
        Example(
            harm=owed,
            kind="stranded_pending",
            cause="never published",
            said="answered 201, stored, never published: its outbox entry was never"
            " sent",
        ),
        Example(
            harm=unrouted,
            kind="stranded_pending",
            cause="unrouted",
            said="answered 201, published, not in the broker: the broker returned it:"
            " no queue would take it",
        ),
        Example(
            harm=published,
            kind="stranded_pending",
            cause="dropped by the broker",
            said="answered 201, published, not in the broker: confirmed, and in no"
            " queue",
        ),
        Example(
            harm=confirmed_for_no_queue,
            kind="stranded_pending",
            cause="unrouted",
            said="answered 201, published, not in the broker: confirmed while there was"
            " no queue to take it",
        ),
        Example(
            harm=written,
            kind="stranded_pending",
            cause="never confirmed",
            said="answered 201, published, not in the broker: written without a"
            " confirm, and in no queue",
        ),
        Example(
            harm=not_consumed,
            kind="stranded_pending",
            cause="stuck in the queue",
            said="answered 201, in the broker, not consumed: messages are left in the"
            " queue",
        ),
        Example(
            harm=prefetched,
            kind="stranded_pending",
            cause="stuck prefetched",
            said="answered 201, in the broker, not consumed: messages are"
            " unacknowledged",
        ),
        Example(
            harm=dead_lettered,
            kind="stranded_pending",
            cause="swallowed",
            said="answered 201, in the broker, not consumed: messages are dead-lettered"
            " while its row is open",
        ),
        Example(
            harm=task_failed,
            kind="stranded_pending",
            cause="swallowed",
            said="answered 201, delivered, not ended: no worker entered its body, its"
            " task ended in FAILURE, and its message was acknowledged",
        ),
        Example(
            harm=unreadable,
            kind="stranded_pending",
            cause="swallowed",
            said="answered 201, delivered, not ended: no worker entered its body, its"
            " message, which nobody could read, was acknowledged",
        ),
        Example(
            harm=early,
            kind="stranded_started",
            cause="acknowledged too early",
            said="answered 201, delivered, worker died: its worker died in the attempt,"
            " its message had been acknowledged",
        ),
        Example(
            harm=child_killed,
            kind="stranded_started",
            cause="acknowledged too early",
            said="answered 201, delivered, worker died: its worker died in the attempt,"
            " its message was acknowledged all the same",
        ),
        Example(
            harm=hangs,
            kind="stranded_started",
            cause="stuck unacknowledged",
            said="answered 201, delivered, not ended: its attempt never ended, messages"
            " are unacknowledged",
        ),
        Example(
            harm=thrown_away,
            kind="stranded_started",
            cause="swallowed",
            said="answered 201, delivered, worker died: its worker died in the attempt,"
            " its message was rejected and not queued again",
        ),
        Example(
            harm=over_the_limit,
            kind="stranded_started",
            cause="dropped by the broker",
            said="answered 201, delivered, worker died: its worker died in the attempt,"
            " its message, never acknowledged, is gone",
        ),
        Example(
            harm=not_written,
            kind="stranded_started",
            cause="result lost",
            said="answered 201, ran, effect missing: its body returned, its row never"
            " ended",
        ),
        Example(
            harm=half_written,
            kind="stranded_started",
            cause="result lost",
            said="answered 201, effect there, state wrong: its body returned, its row"
            " never ended",
        ),
        Example(
            harm=retried,
            kind="duplicate_effect",
            cause="retried",
            said="2 effects, the task was retried",
        ),
        Example(
            harm=leased,
            kind="duplicate_effect",
            cause="lease",
            said="2 effects, lease, under refuse-rabbitmq",
        ),
        Example(
            harm=published_again,
            kind="duplicate_effect",
            cause="published twice",
            said="2 effects, published twice, under refuse-rabbitmq",
        ),
        Example(
            harm=delivered_twice,
            kind="duplicate_effect",
            cause="delivered twice",
            said="2 effects, delivered twice, under refuse-rabbitmq",
        ),
        Example(
            harm=tried_twice,
            kind="duplicate_effect",
            cause="published twice",
            said="2 effects, published twice, under refuse-rabbitmq",
        ),
        Example(
            harm=given_again,
            kind="duplicate_effect",
            cause="another job's message",
            said="2 effects, another job's message, under refuse-rabbitmq",
        ),
    )
}
