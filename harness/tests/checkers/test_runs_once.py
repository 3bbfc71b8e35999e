"""Repeated runs: what a fault, a kill or a retry explains, and what nothing does."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from harness.history import (
    AnyEvent,
    AttemptEntered,
    Delivered,
    ProcessEnded,
    PublishEnded,
    TaskEnded,
)
from harness.report.results import GuaranteeResult
from harness.tests.histories import damage
from harness.tests.histories.build import cell, facts, history, sealed, with_fault_at
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


def killed(time: float) -> ProcessEnded:
    """Return the death of the first attempt's worker."""
    return ProcessEnded(
        time=time, on="worker-1", process=ENTERED.process, because="SIGKILL"
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


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ((), "unexplained"),
        ((retried(1011.5),), "retried"),
        ((msgspec.structs.replace(TAKEN, redelivered=True),), "redelivered"),
        (
            (msgspec.structs.replace(TAKEN, redelivered=True), killed(1011.5)),
            "redelivered after a kill",
        ),
        (
            [
                msgspec.structs.replace(first(facts(2), 2, PublishEnded), time=time)
                for time in (1011.0, 1011.1)
            ],
            "published twice",
        ),
    ],
)
def test_a_repeated_run_names_what_repeated_it(
    more: Sequence[AnyEvent], cause: str
) -> None:
    """By what the ledgers hold of it."""
    found = again(*more)
    (anomaly,) = (*found.anomalies, *found.excused)
    assert anomaly.causes[0].cause == cause


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
