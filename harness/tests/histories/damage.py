"""One known damage for each anomaly, and for each a neighbour that only looks alike.

A damage takes the events of a clean cell and a job's number and returns events in
which exactly that anomaly stands, at that job. A neighbour keeps every checker silent.
"""

from collections.abc import Callable, Container, Mapping
from typing import Any

import msgspec

from harness.history import (
    Acknowledged,
    ApiSeen,
    AttemptEntered,
    AttemptLeft,
    DeadLettered,
    Delivered,
    EffectSeen,
    Expected,
    PollEnded,
    PublishBegun,
    PublishEnded,
    QueueSeen,
    ResultSeen,
    Row,
    SubmitBegun,
    SubmitEnded,
    TaskEnded,
    Transition,
)
from harness.tests.histories.build import (
    FINAL_READ,
    OTHER_CHILD,
    Facts,
    about,
    backend_of,
    facts,
    job,
    key_of,
    without,
)

Damage = Callable[[Facts, int], Facts]
OTHER = 5000
_ENDED = (AttemptLeft, TaskEnded, Acknowledged)
_IN_WORKER = (Delivered, AttemptEntered, *_ENDED)
_PUBLISHED = (PublishBegun, PublishEnded)
_AFTERWARDS = (EffectSeen, PollEnded)


def changed(events: Facts, number: int, kind: type, **fields: Any) -> Facts:
    """Change fields of this job's events of one kind."""
    return [
        msgspec.structs.replace(event, **fields)
        if isinstance(event, kind) and about(event, number)
        else event
        for event in events
    ]


def only_changes_to(events: Facts, number: int, *states: str) -> Facts:
    """Keep of the job's transitions those into these states."""
    return without(events, number, Transition, where=lambda t: t.new not in states)


def first(events: Facts, number: int, kind: type) -> Any:
    """Return the job's first event of a kind."""
    return next(e for e in events if isinstance(e, kind) and about(e, number))


def change(
    number: int, nth: int, old: str | None, new: str | None, *, time: float
) -> Transition:
    """Return one change of status; `nth` is its place among the job's own."""
    return Transition(
        time=time,
        sequence=number * 100 + nth,
        job=number,
        key=key_of(number),
        old=old,
        new=new,
        backend_pid=backend_of(OTHER_CHILD),
        application="worker",
    )


def second_attempt(events: Facts, number: int) -> Facts:
    """Let the first attempt end without a word, and a second one finish the job."""
    entered = first(events, number, AttemptEntered)
    finish = first(events, number, AttemptLeft).time + 3.0
    worker: dict[str, Any] = {"process": OTHER_CHILD, "container": "worker-1"}
    task = entered.task
    events = without(events, number, *_ENDED, PollEnded)
    events = only_changes_to(events, number, "pending", "started")
    return [
        *events,
        Delivered(time=finish - 0.5, job=number, task=task, redelivered=True, **worker),
        change(number, 11, "started", "started", time=finish - 0.4),
        AttemptEntered(time=finish - 0.3, job=number, task=task, **worker),
        AttemptLeft(time=finish, job=number, task=task, outcome="returned", **worker),
        change(number, 12, "started", "finished", time=finish + 0.1),
    ]


# --- damages ------------------------------------------------------------------


def lost_record(events: Facts, number: int) -> Facts:
    """The row and its effect are gone at the end, and no delete is logged."""
    return without(events, number, Row, EffectSeen)


def stranded_pending(events: Facts, number: int) -> Facts:
    """Stored, answered 201, never published."""
    events = without(events, number, *_PUBLISHED, *_IN_WORKER, *_AFTERWARDS)
    events = only_changes_to(events, number, "pending")
    return changed(events, number, Row, status="pending", result=None)


def stranded_started(events: Facts, number: int) -> Facts:
    """The attempt never ended, and no one came back for the job."""
    events = without(events, number, *_ENDED, *_AFTERWARDS)
    events = only_changes_to(events, number, "pending", "started")
    return changed(events, number, Row, status="started", result=None)


def duplicate_effect(events: Facts, number: int) -> Facts:
    """The worker died after the effect; the message came again, and so did it."""
    again = EffectSeen(time=FINAL_READ, effect=OTHER + number, job=number)
    return [*second_attempt(events, number), again]


def duplicate_job(events: Facts, number: int) -> Facts:
    """A time-out, a retry with the same key, and a second row, which failed."""
    begun, ended = (
        first(events, number, SubmitBegun),
        first(events, number, SubmitEnded),
    )
    second = job(OTHER + number, at=begun.time + 5)
    second = without(second, OTHER + number, *_IN_WORKER, *_AFTERWARDS, Row)
    second = only_changes_to(second, OTHER + number, "pending")
    second.append(
        change(OTHER + number, 9, "pending", "failed", time=begun.time + 7),
    )
    second = changed(second, OTHER + number, Transition, key=begun.key)
    second = [
        msgspec.structs.replace(event, key=begun.key, nth=2)
        if isinstance(event, SubmitBegun | SubmitEnded)
        else event
        for event in second
    ]
    row = msgspec.structs.replace(
        first(events, number, Row), job=OTHER + number, status="failed", result=None
    )
    timed_out = msgspec.structs.replace(
        ended, outcome="indefinite", status=None, job=None, error="ReadTimeout"
    )
    kept = [event for event in events if event is not ended]
    return [*kept, timed_out, *second, row]


def illegal_transition(events: Facts, number: int) -> Facts:
    """Pending, and finished without ever having started."""
    events = only_changes_to(events, number, "pending", "finished")
    return [
        msgspec.structs.replace(event, old="pending")
        if isinstance(event, Transition)
        and event.job == number
        and event.new == "finished"
        else event
        for event in events
    ]


def terminal_flip(events: Facts, number: int) -> Facts:
    """Finished, then started and finished again by a late writer."""
    time = first(events, number, AttemptLeft).time
    return [
        *events,
        change(number, 11, "finished", "started", time=time + 1),
        change(number, 12, "started", "finished", time=time + 2),
    ]


def status_regress(events: Facts, number: int) -> Facts:
    """A client sees finished, looks again, and sees started."""
    seen = first(events, number, PollEnded)
    later = msgspec.structs.replace(
        seen, begun=seen.time + 1, time=seen.time + 2, seen="started"
    )
    return [*events, later]


def resurrected(events: Facts, number: int) -> Facts:
    """Refused with a 400, and done all the same."""
    events = without(events, number, PollEnded)
    return changed(events, number, SubmitEnded, outcome="failed", status=400, job=None)


def orphan_run(events: Facts, number: int) -> Facts:
    """Published, rolled back, and run: the database never had the row."""
    extra = job(OTHER + number, at=1003.0)
    extra = without(extra, OTHER + number, Transition, Row, EffectSeen, PollEnded)
    extra = changed(
        extra, OTHER + number, SubmitEnded, outcome="indefinite", status=500, job=None
    )
    return [*events, *extra]


def phantom(events: Facts, number: int) -> Facts:
    """A whole job that no client ever asked for."""
    extra = job(OTHER + number, at=1003.0)
    extra = without(extra, OTHER + number, SubmitBegun, SubmitEnded, PollEnded)
    return [*events, *extra]


def failed_after_death(events: Facts, number: int) -> Facts:
    """The first attempt died, the second one raised: the job failed, with no effect."""
    events = second_attempt(events, number)
    events = changed(events, number, AttemptLeft, outcome="raised", error="ValueError")
    events = [
        msgspec.structs.replace(event, new="failed")
        if isinstance(event, Transition)
        and event.job == number
        and event.new == "finished"
        else event
        for event in events
    ]
    events = changed(events, number, Row, status="failed", result=None)
    return without(events, number, EffectSeen)


def false_success(events: Facts, number: int) -> Facts:
    """Finished, and its effect is not there."""
    return without(events, number, EffectSeen)


def silent_failure(events: Facts, number: int) -> Facts:
    """The job failed after a death, and its effect is there all the same."""
    effect = first(events, number, EffectSeen)
    return [*failed_after_death(events, number), effect]


def unexpected_failure(events: Facts, number: int) -> Facts:
    """Failed in its only attempt, with no fault anywhere near."""
    events = changed(events, number, AttemptLeft, outcome="raised", error="ValueError")
    events = without(events, number, *_AFTERWARDS)
    time = first(events, number, AttemptLeft).time
    events = only_changes_to(events, number, "pending", "started")
    events = changed(events, number, Row, status="failed", result=None)
    return [*events, change(number, 3, "started", "failed", time=time + 0.001)]


def wrong_result(events: Facts, number: int) -> Facts:
    """Finished with a number that nobody expected."""
    return changed(events, number, Row, result=255)


def duplicate_run(events: Facts, number: int) -> Facts:
    """Long after the last fault a second attempt follows an ended one."""
    entered = first(events, number, AttemptEntered)
    left = first(events, number, AttemptLeft)
    other = {"process": OTHER_CHILD}
    late = 10.0
    events = without(events, number, *_PUBLISHED, *_IN_WORKER)
    return [
        *events,
        msgspec.structs.replace(entered, time=entered.time + late),
        msgspec.structs.replace(left, time=left.time + late),
        msgspec.structs.replace(entered, time=entered.time + late + 1, **other),
        msgspec.structs.replace(left, time=left.time + late + 1, **other),
    ]


def overlap(events: Facts, number: int) -> Facts:
    """Long after the last fault two attempts run at once."""
    events = duplicate_run(events, number)
    begun = first(events, number, AttemptEntered)
    return [
        msgspec.structs.replace(event, time=event.time + 2)
        if isinstance(event, AttemptLeft)
        and event.job == number
        and event.process == begun.process
        else event
        for event in events
    ]


def zombie_write(events: Facts, number: int) -> Facts:
    """The first attempt is taken for dead, goes on, and ends the job of the second."""
    left = first(events, number, AttemptLeft)
    events = second_attempt(events, number)
    late = first(events, number, AttemptLeft).time - 0.05
    return [
        msgspec.structs.replace(event, time=late, backend_pid=backend_of(left.process))
        if isinstance(event, Transition)
        and event.job == number
        and event.new == "finished"
        else event
        for event in [*events, msgspec.structs.replace(left, time=late - 0.01)]
    ]


def split_brain(events: Facts, number: int) -> Facts:
    """The row is finished, and the API still shows it as started."""
    return [*events, _shown(number, "started", None)]


def _shown(number: int, status: str, result: int | None) -> ApiSeen:
    return ApiSeen(
        time=FINAL_READ - 0.5,
        key=key_of(number),
        job=number,
        status=status,
        result=result,
    )


def slow_answer(events: Facts, number: int) -> Facts:
    """The client has its 201 after twelve seconds."""
    begun = first(events, number, SubmitBegun)
    return changed(events, number, SubmitEnded, time=begun.time + 12)


def unrecovered(events: Facts, number: int) -> Facts:
    """All is healed by 1005, and the job's message is consumed at 1101."""
    waiting = QueueSeen(
        time=1080.0, queue="default", ready=1, unacknowledged=0, consumers=1
    )
    events = later(events, number, 100.0, _IN_WORKER, to=("started", "finished"))
    return [*events, waiting]


def later(
    events: Facts,
    number: int,
    seconds: float,
    kinds: tuple[type, ...],
    to: Container[Any],
) -> Facts:
    """Move the job's events of these kinds, and its changes to these states."""

    def moved(event: Any) -> bool:
        return about(event, number) and (
            isinstance(event, kinds)
            or (isinstance(event, Transition) and event.new in to)
        )

    return [
        msgspec.structs.replace(event, time=event.time + seconds)
        if moved(event)
        else event
        for event in without(events, number, PollEnded)
    ]


DAMAGES: Mapping[str, Damage] = {
    each.__name__: each
    for each in (
        lost_record,
        stranded_pending,
        stranded_started,
        duplicate_effect,
        duplicate_job,
        illegal_transition,
        terminal_flip,
        status_regress,
        resurrected,
        orphan_run,
        phantom,
        false_success,
        silent_failure,
        unexpected_failure,
        wrong_result,
        duplicate_run,
        overlap,
        zombie_write,
        split_brain,
        slow_answer,
        unrecovered,
    )
}

# Who runs twice at once has run twice.
ALSO: Mapping[str, tuple[str, ...]] = {"overlap": ("duplicate_run",)}


def harmed_key(kind: str, number: int) -> str:
    """Name the key at which the damage shows."""
    if kind == "orphan_run":
        return f"(job {OTHER + number} without a key)"
    return key_of(OTHER + number if kind == "phantom" else number)


# --- neighbours ---------------------------------------------------------------


def vanished(events: Facts, number: int) -> Facts:
    """No answer, and no trace: the request may never have arrived."""
    kept = [
        event
        for event in events
        if not about(event, number) or isinstance(event, SubmitBegun | SubmitEnded)
    ]
    return changed(
        kept, number, SubmitEnded, outcome="indefinite", status=None, job=None
    )


def published_twice(events: Facts, number: int) -> Facts:
    """The first publish failed, the second one went through."""
    begun = first(events, number, PublishBegun)
    ended = first(events, number, PublishEnded)
    return [
        *events,
        msgspec.structs.replace(begun, time=begun.time - 0.002),
        msgspec.structs.replace(
            ended, time=begun.time - 0.001, confirmed=False, error="ConnectionRefused"
        ),
    ]


def retried_same_job(events: Facts, number: int) -> Facts:
    """A time-out, a retry with the same key, and the same job in the answer."""
    begun, ended = (
        first(events, number, SubmitBegun),
        first(events, number, SubmitEnded),
    )
    timed_out = msgspec.structs.replace(
        ended, outcome="indefinite", status=None, job=None, error="ReadTimeout"
    )
    return [
        *(event for event in events if event is not ended),
        timed_out,
        msgspec.structs.replace(begun, time=begun.time + 5, nth=2),
        msgspec.structs.replace(ended, time=ended.time + 5, nth=2, status=200),
    ]


def dead_lettered(events: Facts, number: int) -> Facts:
    """Poison: never started, and failed by way of the dead-letter queue."""
    time = first(events, number, Delivered).time
    events = without(events, number, *_IN_WORKER, *_AFTERWARDS)
    events = only_changes_to(events, number, "pending")
    events = changed(events, number, Row, status="failed", result=None)
    return [
        *events,
        DeadLettered(time=time + 1, job=number, queue="dead"),
        change(number, 11, "pending", "failed", time=time + 1),
    ]


def requeued(events: Facts, number: int) -> Facts:
    """Started, put back to pending, and started again by a second attempt."""
    events = second_attempt(events, number)
    again = first(events, number, Delivered).time + 1
    kept = without(
        events, number, Transition, where=lambda t: t.old == t.new == "started"
    )
    return [
        *kept,
        change(number, 10, "started", "pending", time=again),
        change(number, 11, "pending", "started", time=again + 1),
    ]


def overlapping_polls(events: Facts, number: int) -> Facts:
    """An old look that began before finished was seen comes in after it."""
    seen = first(events, number, PollEnded)
    late = msgspec.structs.replace(
        seen, begun=seen.begun - 0.05, time=seen.time + 2, seen="started"
    )
    return [*events, late]


def failed_answer(events: Facts, number: int) -> Facts:
    """A 500 is no refusal: the job may be there, and is."""
    events = without(events, number, PollEnded)
    return changed(
        events, number, SubmitEnded, outcome="indefinite", status=500, job=None
    )


def rolled_back(events: Facts, number: int) -> Facts:
    """The publish failed, the row was rolled back, the client was told 500."""
    extra = orphan_run([], number)
    extra = [event for event in extra if not isinstance(event, _IN_WORKER)]
    return [
        *events,
        *changed(extra, OTHER + number, PublishEnded, error="Refused", confirmed=False),
    ]


def unanswered(events: Facts, number: int) -> Facts:
    """The request has no end in the history, and its job was done."""
    return without(events, number, SubmitEnded, PollEnded)


def expected_failure(events: Facts, number: int) -> Facts:
    """It failed, and the client knew that it would."""
    events = unexpected_failure(events, number)
    return changed(events, number, SubmitBegun, expected=Expected(status="failed"))


def no_result_expected(events: Facts, number: int) -> Facts:
    """The client has no opinion on the result."""
    events = wrong_result(events, number)
    return changed(events, number, SubmitBegun, expected=Expected(status="finished"))


def taken_over(events: Facts, number: int) -> Facts:
    """The first attempt has no end, and may have died before the second began."""
    events = second_attempt(events, number)
    return [*events, first(facts(number), number, TaskEnded)]


def retried_in_place(events: Facts, number: int) -> Facts:
    """The first attempt raises, and the same child makes the second and ends it."""
    child = first(events, number, AttemptEntered).process
    raised = msgspec.structs.replace(
        first(events, number, AttemptLeft), outcome="raised", error="OperationalError"
    )
    retry = msgspec.structs.replace(first(events, number, TaskEnded), state="RETRY")
    events = second_attempt(events, number)
    for kind in (Delivered, AttemptEntered, AttemptLeft):
        events = changed(events, number, kind, process=child)
    events = [
        msgspec.structs.replace(event, backend_pid=backend_of(child))
        if isinstance(event, Transition) and event.job == number
        else event
        for event in events
    ]
    return [*events, raised, retry]


def agreeing(events: Facts, number: int) -> Facts:
    """Row, API and result backend agree; a task that was in vain has failed."""
    task = first(events, number, Delivered).task
    seen = [
        ResultSeen(time=FINAL_READ, job=number, task=name, state=state, result=result)
        for name, state, result in (
            (task, "SUCCESS", 256),
            (f"{task}-again", "FAILURE", None),
        )
    ]
    return [*events, _shown(number, "finished", 256), *seen]


def answered_late(events: Facts, number: int) -> Facts:
    """The client has its 201 after nine seconds."""
    begun = first(events, number, SubmitBegun)
    return changed(events, number, SubmitEnded, time=begun.time + 9)


def long_job(events: Facts, number: int) -> Facts:
    """Its body runs for 100 seconds, and was entered long before the heal."""
    return later(events, number, 100.0, (AttemptLeft, TaskEnded), to=("finished",))


NEIGHBOURS: Mapping[str, Damage] = {
    "lost_record": vanished,
    "stranded_pending": published_twice,
    "stranded_started": second_attempt,
    "duplicate_effect": second_attempt,
    "duplicate_job": retried_same_job,
    "illegal_transition": dead_lettered,
    "terminal_flip": requeued,
    "status_regress": overlapping_polls,
    "resurrected": failed_answer,
    "orphan_run": rolled_back,
    "phantom": unanswered,
    "false_success": dead_lettered,
    "silent_failure": failed_after_death,
    "unexpected_failure": expected_failure,
    "wrong_result": no_result_expected,
    "duplicate_run": second_attempt,
    "overlap": taken_over,
    "zombie_write": retried_in_place,
    "split_brain": agreeing,
    "slow_answer": answered_late,
    "unrecovered": long_job,
}
