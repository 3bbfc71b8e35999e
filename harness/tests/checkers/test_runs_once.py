"""Repeated runs: what a fault, a kill or a retry explains, and what nothing does."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from harness.history import (
    Acknowledged,
    AnyEvent,
    AttemptEntered,
    ChildDied,
    Delivered,
    FaultAsked,
    PublishEnded,
    TaskEnded,
)
from harness.report.results import GuaranteeResult
from harness.tests.histories import damage
from harness.tests.histories.build import (
    FAULT,
    cell,
    facts,
    history,
    sealed,
    with_fault_at,
)
from harness.tests.histories.damage import first
from harness.tests.histories.judged import judged
from harness.verdict import CellVerdict, Verdict

ENTERED = first(facts(2), 2, AttemptEntered)
TAKEN = first(facts(2), 2, Delivered)


def again(*more: AnyEvent, start: float | None = None, **asked: Any) -> GuaranteeResult:
    """Run job 2 twice at 1011.2 and 1012.2, and return what is said of it."""
    events = damage.duplicate_run(facts(2, asked=cell(**asked)), 2)
    if start is not None:
        events = with_fault_at(events, start)
    return judged(history(sealed([*events, *more]))).guarantees["runs_once"]


def killed(time: float) -> ChildDied:
    """Return the death of the first attempt's pool child."""
    return ChildDied(
        time=time,
        child=ENTERED.process,
        exitcode=-9,
        process=1,
        container=ENTERED.container,
    )


def ended_by_itself(time: float, exitcode: int) -> ChildDied:
    """Return the end of the first attempt's pool child, which nobody killed."""
    return msgspec.structs.replace(killed(time), exitcode=exitcode)


def acknowledged(time: float) -> Acknowledged:
    """Return the worker's word that the first attempt's message is done with."""
    return Acknowledged(
        time=time,
        job=2,
        task=ENTERED.task,
        delivery_tag="9",
        process=20,
        container=ENTERED.container,
    )


def retried(time: float) -> TaskEnded:
    """Return Celery's word that the task will be tried again."""
    return TaskEnded(
        time=time, job=2, task="t", state="RETRY", process=21, container="worker-1"
    )


@pytest.mark.parametrize(
    ("more", "explained"),
    [
        ((), False),
        ((killed(1011.5),), True),
        ((killed(1013.0),), False),
        ((ended_by_itself(1011.5, 0),), False),
        ((ended_by_itself(1011.5, 0x9B),), False),
        ((acknowledged(1011.4), killed(1011.5)), False),
        ((acknowledged(1011.6), killed(1011.5)), True),
        ((retried(1011.5),), True),
        ((retried(1013.0),), False),
    ],
)
def test_only_what_lies_before_the_second_attempt_explains_it(
    more: Sequence[AnyEvent], explained: bool
) -> None:
    """A kill or a retry: between the job's first sign and the second entry."""
    found = again(*more)
    assert found.verdict is (Verdict.VALID if explained else Verdict.INVALID)
    kinds = [anomaly.kind for anomaly in found.anomalies]
    excused = [anomaly.kind for anomaly in found.excused]
    assert (excused if explained else kinds) == ["duplicate_run"]
    assert not (kinds if explained else excused)


@pytest.mark.parametrize(
    ("start", "explained"), [(1008.9, False), (1009.5, True), (1012.3, False)]
)
def test_a_fault_explains_what_it_lies_over(start: float, explained: bool) -> None:
    """From asked to verified: before and after it, it did nothing."""
    assert bool(again(start=start).excused) is explained


def test_in_a_baseline_there_is_no_excuse() -> None:
    """Not even a retry explains it away: every guarantee is judged as if promised."""
    found = again(retried(1011.5), faults=())
    assert found.verdict is Verdict.INVALID
    assert found.judged_as_promised
    assert not found.promised


FIRST = ENTERED.time + 10.0  # when job 2 is entered, and entered again
SECOND = FIRST + 1


def at(event: AnyEvent, time: float) -> AnyEvent:
    """Move an event."""
    return msgspec.structs.replace(event, time=time)


LATE = msgspec.structs.replace(TAKEN, redelivered=True, time=1012.1)
EARLY = msgspec.structs.replace(TAKEN, redelivered=True, time=1011.1)
PUBLISHED = [
    msgspec.structs.replace(first(facts(2), 2, PublishEnded), time=time)
    for time in (1011.0, 1011.1)
]
REFUSED = msgspec.structs.replace(PUBLISHED[0], error="Refused")
PUT_BACK = damage.change(2, 40, "started", "pending", time=1011.5)
UNSEEN = "by nothing that was seen"


@pytest.mark.parametrize(
    ("more", "cause", "how"),
    [
        ((), "unexplained", UNSEEN),
        ((killed(1011.5),), "unexplained", "its worker had died"),
        ((retried(1011.5),), "retried", "the task was retried"),
        ((retried(1011.5), LATE), "retried", "the task was retried"),
        ((LATE,), "redelivered", f"redelivered, {UNSEEN}"),
        ((LATE, killed(1011.5)), "redelivered", "redelivered, its worker had died"),
        ((EARLY,), "unexplained", UNSEEN),
        ((PUT_BACK,), "lease", f"lease, {UNSEEN}"),
        ((PUT_BACK, LATE), "redelivered", f"redelivered, {UNSEEN}"),
        (PUBLISHED, "published twice", f"published twice, {UNSEEN}"),
        (PUBLISHED[:1], "unexplained", UNSEEN),
        ((PUBLISHED[0], REFUSED), "unexplained", UNSEEN),
        # In the very instant of the first entry, and of the second.
        ((killed(SECOND),), "unexplained", "its worker had died"),
        ((retried(FIRST),), "retried", "the task was retried"),
        ((retried(SECOND),), "retried", "the task was retried"),
        ((at(LATE, FIRST),), "redelivered", f"redelivered, {UNSEEN}"),
        ((at(LATE, SECOND),), "redelivered", f"redelivered, {UNSEEN}"),
        ((at(PUT_BACK, FIRST),), "lease", f"lease, {UNSEEN}"),
        ((at(PUT_BACK, SECOND),), "lease", f"lease, {UNSEEN}"),
        (
            (PUBLISHED[0], at(PUBLISHED[1], SECOND)),
            "published twice",
            f"published twice, {UNSEEN}",
        ),
    ],
)
def test_a_repeated_run_names_what_repeated_it(
    more: Sequence[AnyEvent], cause: str, how: str
) -> None:
    """By what the ledgers hold of it between the two entries."""
    found = again(*more)
    (anomaly,) = (*found.anomalies, *found.excused)
    (told,) = anomaly.causes
    assert (told.cause, told.because) == (cause, f"2 attempts, {how}")
    assert told.explained is (UNSEEN not in how)


def test_of_three_runs_the_one_that_nothing_explains_counts() -> None:
    """A fault over the second excuses no third."""
    third = msgspec.structs.replace(ENTERED, time=1020.0, process=41)
    found = again(third, retried(1011.5))
    (anomaly,) = found.anomalies
    assert anomaly.causes[0].because == f"3 attempts, {UNSEEN}"


def test_an_explained_run_does_not_colour_the_cell() -> None:
    """It is a number on the cell, and its job is told of."""
    result = judged(history(sealed(damage.second_attempt(facts(2), 2))))
    assert result.verdict is CellVerdict.KEPT
    assert result.guarantees["runs_once"].excused[0].count == 1
    assert [story.anomalies for story in result.stories] == [("duplicate_run",)]


def test_two_jobs_of_one_key_that_ran_once_each_are_no_repeated_run() -> None:
    """That is a repeated job, and has a name of its own."""
    events = damage.duplicate_job(facts(2), 2)
    extra = msgspec.structs.replace(ENTERED, job=damage.OTHER + 2, process=77)
    result = judged(history(sealed([*events, extra])))
    found = result.guarantees["runs_once"]
    assert (found.anomalies, found.excused) == ((), ())


def test_all_faults_that_lie_over_a_repetition_are_named() -> None:
    """Which of them did it, nobody can say."""
    other = FaultAsked(name="kill-worker", type="kill", sentence="a worker is killed")
    events = damage.second_attempt(facts(2, asked=cell(faults=(FAULT, other))), 2)
    (anomaly,) = judged(history(sealed(events))).guarantees["runs_once"].excused
    assert anomaly.causes[0].because == (
        "2 attempts, redelivered, under refuse-rabbitmq, kill-worker"
    )


def test_a_child_that_ends_by_itself_in_the_body_has_died_with_the_job() -> None:
    """A task can end its process; nobody killed it, and its message comes again."""
    events = damage.second_attempt(facts(2), 2)
    events.append(ended_by_itself(ENTERED.time + 0.01, 0))
    found = judged(history(sealed(events))).guarantees["runs_once"]
    ((cause,),) = [anomaly.causes for anomaly in found.excused]
    assert cause.because == "2 attempts, redelivered, its worker had died"
