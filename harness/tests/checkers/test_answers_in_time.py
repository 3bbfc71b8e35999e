"""Slow answers: how long is too long, and who was slow."""

from typing import Any

import msgspec
import pytest

from harness.history import (
    BreakpointLeft,
    BreakpointReached,
    ContainerEnded,
    MachineSeen,
    PollEnded,
    Promise,
    SubmitBegun,
    SubmitEnded,
)
from harness.report.results import GuaranteeResult
from harness.tests.histories.build import (
    FAULT,
    Facts,
    cell,
    facts,
    history,
    sealed,
    with_fault_at,
)
from harness.tests.histories.damage import changed, first
from harness.tests.histories.judged import judged
from harness.verdict import Verdict

BEGUN = first(facts(2), 2, SubmitEnded).time - 0.02


def found(events: Facts) -> GuaranteeResult:
    """Return what is said of the guarantee."""
    return judged(history(sealed(events))).guarantees["answers_in_time"]


def answered(after: float, *, limit: float | None = None, **fields: Any) -> Facts:
    """Let job 2's client wait for so long; a limit makes the design promise it."""
    promises = {"answers_in_time": Promise(within_seconds=limit)} if limit else {}
    events = facts(2, asked=cell(promises=promises))
    return changed(events, 2, SubmitEnded, time=BEGUN + after, **fields)


@pytest.mark.parametrize(
    ("after", "limit", "slow"),
    [(9.9, None, False), (10.1, None, True), (5.1, 8, False), (2.1, 2, True)],
)
def test_the_design_s_own_limit_counts_before_the_default(
    after: float, limit: float | None, slow: bool
) -> None:
    """Who promises eight seconds is held to eight, and who promises two to two."""
    result = found(answered(after, limit=limit))
    assert bool(result.anomalies) is slow
    assert result.within_seconds == (limit or 10)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"outcome": "indefinite", "status": 500, "job": None}, "answered 500"),
        ({"outcome": "indefinite", "status": None, "job": None}, "given up"),
        ({}, "answered 201"),
    ],
)
def test_any_end_of_a_long_wait_is_slow_and_says_what_the_client_was_told(
    fields: dict[str, Any], told: str
) -> None:
    """Also a client that left without an answer has waited."""
    (anomaly,) = found(answered(11.0, **fields)).anomalies
    assert anomaly.causes[0].because.startswith(f"{told} after more than 10 s")


def test_a_refused_connection_is_no_slow_answer() -> None:
    """A web that is down answers nobody, and makes nobody wait."""
    fields: dict[str, Any] = {"outcome": "failed", "status": None, "job": None}
    assert not found(answered(0.1, **fields)).anomalies


@pytest.mark.parametrize(
    ("begun", "cause"), [(1003.0, "waited out a fault"), (1005.0, "unexplained")]
)
def test_a_slow_look_counts_and_names_the_fault_that_lay_over_it(
    begun: float, cause: str
) -> None:
    """A look is a request like any other."""
    seen = first(facts(2), 2, PollEnded)
    slow = msgspec.structs.replace(seen, begun=begun, time=begun + 11)
    (anomaly,) = found([*facts(2), slow]).anomalies
    assert anomaly.causes[0].cause == cause


def test_what_is_said_of_a_slow_answer() -> None:
    """Word for word: what the client was told, how late, and under which faults."""
    (anomaly,) = found(with_fault_at(answered(11.0), 5000.0)).anomalies
    said = "answered 201 after more than 10 s, with no fault on"
    assert anomaly.causes[0].because == said
    other = msgspec.structs.replace(FAULT, name="a-second")
    events = facts(2, asked=cell(faults=(FAULT, other)))
    seen = msgspec.structs.replace(first(events, 2, PollEnded), begun=1003, time=1014)
    (anomaly,) = found([*events, seen]).anomalies
    assert anomaly.causes[0].because == (
        "a look answered after more than 10 s, during refuse-rabbitmq, a-second"
    )


def test_an_answer_at_the_very_limit_is_in_time() -> None:
    """Ten seconds are within ten seconds."""
    events = changed(facts(2), 2, SubmitBegun, time=1001.0)
    assert not found(changed(events, 2, SubmitEnded, time=1011.0)).anomalies


def test_a_look_that_got_no_answer_is_said_to_be_given_up() -> None:
    """It may have ended in an error, too."""
    seen = first(facts(2), 2, PollEnded)
    slow = msgspec.structs.replace(seen, begun=1005.0, time=1016.0, seen=None)
    (anomaly,) = found([*facts(2), slow]).anomalies
    assert anomaly.causes[0].because == (
        "a look given up, or in error, after more than 10 s, with no fault on"
    )


def machine(since: float, until: float, idle: float) -> MachineSeen:
    """Let the machine have so much to spare, from and to so long after the request."""
    return MachineSeen(time=BEGUN + until, since=BEGUN + since, idle=idle)


@pytest.mark.parametrize(
    ("looks", "verdict"),
    [
        ([machine(-2, 3, 0.0), machine(3, 6, 0.04)], "unknown"),
        ([machine(-2, 5, 0.0), machine(5, 20, 0.3)], "invalid"),
        ([machine(0, 12, 0.05)], "invalid"),
        ([machine(-9, 0, 0.0), machine(11, 20, 0.0)], "invalid"),
        ([], "invalid"),
    ],
)
def test_nobody_is_slow_on_a_machine_without_cpu_to_spare(
    looks: list[MachineSeen], verdict: str
) -> None:
    """It has to be so for more than half of the time that the client waited."""
    result = found([*answered(11.0, limit=10), *looks])
    assert result.verdict.value == verdict
    if verdict == "unknown":
        (because,) = result.because
        assert because == (
            "the machine had no CPU to spare during answers that took more than 10 s "
            "(1): run fewer designs at once"
        )


def test_who_is_slow_on_an_idle_machine_is_slow() -> None:
    """Though another answer came when nobody can tell."""
    slow = msgspec.structs.replace(
        first(facts(2), 2, PollEnded), begun=2000.0, time=2011.0
    )
    result = found([*answered(11.0, limit=10), slow, machine(0, 11, 0.0)])
    assert result.verdict.value == "invalid"
    assert len(result.anomalies[0].jobs) == 1


def test_what_nobody_promised_is_told_of_a_busy_machine_too() -> None:
    """It accuses nobody: it says what a client felt."""
    assert found([*answered(11.0), machine(0, 11, 0.0)]).anomalies


def test_a_baseline_on_a_busy_machine_accuses_nobody() -> None:
    """Nothing was broken: what is slow there would be a promise of all designs."""
    events = facts(2, asked=cell(faults=()))
    slow = changed(events, 2, SubmitEnded, time=BEGUN + 11)
    assert found([*slow, machine(0, 11, 0.0)]).verdict.value == "unknown"


@pytest.mark.parametrize(
    ("seconds", "job", "accused"),
    [
        (6.0, None, False),
        (6.0, 2, False),
        (6.0, 1, True),
        (0.9, None, True),
        (None, None, False),
    ],
)
def test_what_we_held_up_ourselves_is_nobodys(
    seconds: float | None, job: int | None, *, accused: bool
) -> None:
    """A request that waits at a breakpoint, or may; not beside another job's."""
    where: dict[str, Any] = {
        "point": "commit.before",
        "nth": 20,
        "job": job,
        "process": 9,
        "container": "web",
    }
    events: Facts = [
        *answered(11.0, limit=10),
        BreakpointReached(time=BEGUN + 0.1, **where),
    ]
    if seconds is not None:
        left = BEGUN + 0.1 + seconds
        events.append(BreakpointLeft(time=left, released=True, **where))
    result = found(events)
    assert bool(result.anomalies) is accused
    assert result.verdict is (Verdict.INVALID if accused else Verdict.UNKNOWN)
    if not accused:
        assert result.because == (
            "web was held at a breakpoint during answers that took more than 10 s (1)",
        )


def test_who_died_at_a_breakpoint_holds_nobody_up_any_more() -> None:
    """The container was killed there, and a request of later on is late by itself."""
    where: dict[str, Any] = {
        "point": "commit.before",
        "nth": 20,
        "job": None,
        "process": 9,
        "container": "web",
    }
    events = [
        *answered(11.0, limit=10),
        BreakpointReached(time=BEGUN - 5, **where),
        ContainerEnded(
            time=BEGUN + 0.5, gone=BEGUN + 0.6, container="web", because="killed"
        ),
    ]
    assert found(events).anomalies
