"""A backlog that outlives the heal: whose fault it is, and whose it is not."""

from collections.abc import Sequence

import msgspec
import pytest

from harness.history import (
    Acknowledged,
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    ChildDied,
    ContainerEnded,
    Delivered,
    EffectSeen,
    FaultVerified,
    MachineSeen,
    PollEnded,
    Promise,
    PublishBegun,
    PublishEnded,
    QueueSeen,
    Row,
    TaskEnded,
)
from harness.report.results import GuaranteeResult
from harness.tests.histories import damage
from harness.tests.histories.build import (
    FINAL_READ,
    OTHER_CHILD,
    Facts,
    cell,
    facts,
    history,
    job,
    sealed,
    without,
)
from harness.tests.histories.damage import first, later
from harness.tests.histories.judged import judged

# The fault of the builder's cell is verified to be gone at 1004.2.
HEALED = 1004.2
IN_WORKER = (Delivered, AttemptEntered, AttemptLeft, TaskEnded)
STARTED_LATE = ("started", "finished")


def found(events: Sequence[AnyEvent]) -> GuaranteeResult:
    """Return what is said of the guarantee."""
    return judged(history(sealed(events))).guarantees["recovers_in_time"]


def ending(after: float, *, limit: float | None = None) -> Facts:
    """Let job 2 be taken and ended so long after the heal."""
    promises = {"recovers_in_time": Promise(within_seconds=limit)} if limit else {}
    events = facts(2, asked=cell(promises=promises))
    return later(events, 2, HEALED + after - 1001.251, IN_WORKER, to=STARTED_LATE)


@pytest.mark.parametrize(
    ("after", "limit", "late"),
    [(59, None, False), (61, None, True), (29, 30, False), (31, 30, True)],
)
def test_the_limit_counts_from_the_verified_heal(
    after: float, limit: float | None, late: bool
) -> None:
    """The design's own limit, or the default of sixty seconds."""
    assert bool(found(ending(after, limit=limit)).anomalies) is late


@pytest.mark.parametrize(
    ("after", "promised", "late"), [(11, None, True), (9, None, False), (11, 30, False)]
)
def test_a_scenario_may_ask_for_more_of_whom_promises_nothing(
    after: float, promised: float | None, late: bool
) -> None:
    """What a design promises is its own, and goes before."""
    events = ending(after, limit=promised)
    asked = msgspec.structs.replace(events[0], limits={"recovers_in_time": 10.0})
    judged_by = found([asked, *events[1:]])
    assert bool(judged_by.anomalies) is late
    assert judged_by.within_seconds == (promised or 10.0)


def test_a_job_asked_for_after_the_heal_is_no_backlog() -> None:
    """It may be as slow as it likes: nothing was broken any more."""
    slow = later(job(3, at=1005.0), 3, 100.0, IN_WORKER, to=STARTED_LATE)
    assert not found([*facts(2), *slow]).anomalies


def test_without_a_verified_heal_nobody_is_late() -> None:
    """The fault may still be on: that the cell has no verdict is said elsewhere."""
    events = [e for e in ending(90) if not isinstance(e, FaultVerified)]
    assert not found(events).anomalies


def run_twice(*, killed: float, again: float) -> Facts:
    """Let job 2 be entered at 1001, killed, entered again, and run for 40 s then."""
    first_try = first(facts(2), 2, AttemptEntered)
    left = first(facts(2), 2, AttemptLeft)
    death = ChildDied(
        time=killed,
        child=first_try.process,
        exitcode=-9,
        process=1,
        container=first_try.container,
    )
    second = msgspec.structs.replace(first_try, time=again, process=OTHER_CHILD)
    left = msgspec.structs.replace(left, time=again + 40, process=OTHER_CHILD)
    events = without(facts(2), 2, AttemptLeft, TaskEnded)
    moved = again + 40.1 - 1001.251
    return [*later(events, 2, moved, (), to=("finished",)), death, second, left]


@pytest.mark.parametrize(
    ("killed", "again", "late"),
    [(1050.0, 1051.0, False), (1050.0, 1115.0, True), (1010.0, 1075.0, True)],
)
def test_the_time_in_the_body_is_the_job_s_own(
    killed: float, again: float, *, late: bool
) -> None:
    """From the kill to the next attempt it waited; while it ran, it did not."""
    assert bool(found(run_twice(killed=killed, again=again)).anomalies) is late


def test_it_names_the_queue_the_consumers_and_the_job() -> None:
    """What a reader needs in order to look there."""
    waiting = QueueSeen(
        time=HEALED + 65, queue="default", ready=3, unacknowledged=1, consumers=2
    )
    (anomaly,) = found([*ending(90), waiting]).anomalies
    (cause,) = anomaly.causes
    assert cause.because == (
        "60 s after the heal published, default held 3 ready and 1 unacknowledged"
        " messages for 2 consumers"
    )
    assert cause.cause == "not consumed"
    assert anomaly.jobs == ("r1-000002",)


def test_it_names_the_worker_that_has_taken_the_job() -> None:
    """A worker that took the message and never came to its end."""
    events = later(
        facts(2), 2, 90.0, (AttemptEntered, AttemptLeft, TaskEnded), to=("finished",)
    )
    (anomaly,) = found(events).anomalies
    assert anomaly.causes[0].cause == "held by a worker"
    assert "worker-1" in anomaly.causes[0].because


@pytest.mark.parametrize(
    ("dead", "acknowledged", "late"),
    [(False, False, True), (True, False, False), (False, True, False)],
)
def test_a_job_that_never_ends_is_late_while_its_message_may_be_left(
    *, dead: bool, acknowledged: bool, late: bool
) -> None:
    """In a queue that is no dead-letter queue, and not one that is known to be gone."""
    gone = () if acknowledged else (Acknowledged,)
    events = without(facts(2), 2, *IN_WORKER, PollEnded, EffectSeen, *gone)
    events = damage.only_changes_to(events, 2, "pending")
    events = damage.changed(events, 2, Row, status="pending", result=None)
    left = QueueSeen(
        time=FINAL_READ,
        queue="other",
        ready=1,
        unacknowledged=0,
        consumers=1,
        final=True,
        dead_letters=dead,
    )
    assert bool(found([*events, left]).anomalies) is late


def test_a_job_that_waits_for_its_own_retry_is_late_by_its_own_design() -> None:
    """Nobody keeps it from the worker: it asked to be done later."""
    retried = msgspec.structs.replace(first(facts(2), 2, TaskEnded), state="RETRY")
    first_try = [first(facts(2), 2, Delivered), retried]
    assert late([*ending(90), *first_try])[0] == "waits for its retry"


def test_a_job_without_a_message_is_lost_and_not_late() -> None:
    """Nobody will ever end it, and another guarantee says so."""
    assert not found(damage.stranded_pending(facts(2), 2)).anomalies
    assert not found(damage.stranded_started(facts(2), 2)).anomalies


def late(events: Facts) -> tuple[str, str]:
    """Return cause and sentence of the one job that is late."""
    (anomaly,) = found(events).anomalies
    (cause,) = anomaly.causes
    return cause.cause, cause.because


def sample(queue: str, time: float, *, ready: int = 1, taken: int = 0) -> QueueSeen:
    """Return a look at a queue."""
    return QueueSeen(
        time=time, queue=queue, ready=ready, unacknowledged=taken, consumers=1
    )


def test_a_late_job_that_is_in_no_queue_is_said_to_be_in_none() -> None:
    """Published, and nobody saw where."""
    said = "60 s after the heal published, in no queue"
    assert late(ending(90)) == ("not consumed", said)


def test_all_queues_that_hold_messages_are_named_as_they_were_at_the_limit() -> None:
    """The first look from then on counts, of each; the ones before say nothing."""
    at = HEALED + 60
    looks = [
        sample("a", at - 1, ready=9),
        sample("a", at, ready=2),
        sample("a", at + 5, ready=8),
        sample("b", at + 1, ready=1, taken=1),
        sample("empty", at + 1, ready=0),
    ]
    held = "held {} ready and {} unacknowledged messages for 1 consumers"
    assert late([*ending(90), *looks])[1] == (
        f"60 s after the heal published, a {held.format(2, 0)}, b {held.format(1, 1)}"
    )


def test_a_late_job_that_was_not_published_in_time_says_so() -> None:
    """A relay that was not back."""
    events = later(ending(90), 2, 70.0, (PublishBegun, PublishEnded), to=())
    assert late(events) == ("not published", "60 s after the heal not published")


@pytest.mark.parametrize(
    ("kind", "cause"), [(Delivered, "held by a worker"), (PublishEnded, "not consumed")]
)
def test_what_happens_at_the_very_limit_has_happened(kind: type, cause: str) -> None:
    """Taken, or published, in that instant."""
    events = without(ending(90), 2, Delivered)
    at = msgspec.structs.replace(first(facts(2), 2, kind), time=HEALED + 60)
    kept = without(events, 2, kind)
    assert late([*kept, at])[0] == cause


@pytest.mark.parametrize(("after", "is_late"), [(60.0, False), (60.5, True)])
def test_a_job_that_never_ran_is_late_from_the_limit_on(
    after: float, is_late: bool
) -> None:
    """Failed by a dead letter, without a body: all of it was waiting."""
    events = without(facts(2), 2, *IN_WORKER, PollEnded, EffectSeen)
    events = damage.only_changes_to(events, 2, "pending")
    events = damage.changed(events, 2, Row, status="failed", result=None)
    ended = damage.change(2, 9, "pending", "failed", time=HEALED + after)
    assert bool(found([*events, ended]).anomalies) is is_late


@pytest.mark.parametrize(
    ("busy_seconds", "verdict"), [(29, "invalid"), (31, "unknown")]
)
def test_nobody_is_late_on_a_machine_without_cpu_to_spare(
    busy_seconds: float, verdict: str
) -> None:
    """It has to be so for more than half of the time that there was."""
    until = HEALED + busy_seconds
    busy = MachineSeen(time=until, since=HEALED, idle=0.0)
    result = found([*ending(61), busy])
    assert result.verdict.value == verdict
    if verdict == "unknown":
        (because,) = result.because
        assert because == (
            "the machine had no CPU to spare in the 60 s after the heal (jobs not done "
            "by then: 1): run fewer designs at once"
        )


@pytest.mark.parametrize(
    ("died", "cause"), [(1010.0, "not consumed"), (1070.0, "held by a worker")]
)
def test_a_worker_that_died_does_not_hold_its_job(died: float, cause: str) -> None:
    """Its message waits for another one, at the limit already or only afterwards."""
    taken = first(facts(2), 2, Delivered)
    end = ContainerEnded(
        time=died, gone=died + 1, container=taken.container, because="killed"
    )
    (anomaly,) = found([*ending(90), taken, end]).anomalies
    assert [each.cause for each in anomaly.causes] == [cause]
