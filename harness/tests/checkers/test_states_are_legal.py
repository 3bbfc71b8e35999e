"""The state graph, and looks of a client that contradict each other."""

from itertools import product

import msgspec
import pytest

from harness.history import (
    AttemptEntered,
    Clock,
    DatabaseConnected,
    Delivered,
    PollEnded,
    Transition,
)
from harness.tests.histories import damage
from harness.tests.histories.build import (
    OTHER_CHILD,
    Facts,
    backend_of,
    facts,
    history,
    key_of,
    sealed,
    without,
)
from harness.tests.histories.damage import change, first
from harness.tests.histories.judged import judged, shown
from harness.verdict import Verdict

STATES = (None, "pending", "started", "finished", "failed")
LEGAL = {
    (None, "pending"),
    ("pending", "started"),
    ("pending", "failed"),
    ("started", "pending"),
    ("started", "finished"),
    ("started", "failed"),
}


@pytest.mark.parametrize(("old", "new"), [*product(STATES, STATES)])
def test_each_change_is_legal_or_named(old: str | None, new: str | None) -> None:
    """All 25 pairs: writing the same status again is no change at all."""
    events = [*facts(2), change(2, 20, old, new, time=1500.0)]
    found = judged(history(sealed(events))).guarantees["states_are_legal"]
    kinds = {anomaly.kind for anomaly in found.anomalies}
    if (old, new) in LEGAL or old == new:
        assert kinds == set()
    elif old in ("finished", "failed") and new is not None:
        assert kinds == {"terminal_flip"}
    else:
        assert kinds == {"illegal_transition"}


def test_a_log_that_does_not_lead_to_the_row_has_a_hole() -> None:
    """A change that the trigger did not see: the guarantee is unknown."""
    for damaged in (
        without(facts(2), 2, Transition, where=lambda t: t.new == "started"),
        without(facts(2), 2, Transition, where=lambda t: t.new == "finished"),
        without(facts(2), 2, Transition),
    ):
        found = judged(history(sealed(damaged))).guarantees["states_are_legal"]
        assert found.verdict is Verdict.UNKNOWN
        assert "has a hole" in found.because[0]


def looked(*looks: tuple[float, float, str | None]) -> Facts:
    """Let the client look at job 2 (begun, ended, seen), and at nothing else."""
    seen = first(facts(2), 2, PollEnded)
    events = without(facts(2), 2, PollEnded)
    polls = [
        msgspec.structs.replace(seen, begun=begun, time=ended, seen=status)
        for begun, ended, status in looks
    ]
    return [*events, *polls]


@pytest.mark.parametrize(
    ("looks", "harm"),
    [
        ([(1, 2, "finished"), (3, 4, "started")], True),
        ([(1, 2, "failed"), (2, 4, "pending")], True),
        ([(1, 2, "finished"), (1.9, 4, "started")], False),
        ([(1, 2, "started"), (3, 4, "finished")], False),
        ([(1, 2, "finished"), (3, 4, None)], False),
        ([(1, 2, "finished"), (3, 4, "finished")], False),
        ([(0, 1, "started"), (1, 2, "finished"), (3, 4, "started")], True),
    ],
)
def test_only_a_look_begun_after_the_other_ended_can_regress(
    looks: list[tuple[float, float, str | None]], harm: bool
) -> None:
    """Looks that overlap, and looks without an answer, say nothing."""
    result = judged(history(sealed(looked(*looks))))
    assert ("status_regress" in shown(result)) is harm


@pytest.mark.parametrize(
    ("reopened", "cause"),
    [(2.5, "late write"), (0.5, "unexplained"), (4.5, "unexplained")],
)
def test_a_job_seen_open_again_because_it_was_reopened(
    reopened: float, cause: str
) -> None:
    """The log has it in between; a change before or after explains nothing."""
    flip = change(2, 11, "finished", "started", time=reopened)
    events = [*looked((1, 2, "finished"), (3, 4, "started")), flip]
    found = judged(history(sealed(events))).guarantees["states_are_legal"]
    assert [
        each.cause
        for anomaly in found.anomalies
        if anomaly.kind == "status_regress"
        for each in anomaly.causes
    ] == [cause]


def test_a_job_that_regresses_twice_is_one_anomaly() -> None:
    """One counter-example for a job is enough."""
    events = looked((1, 2, "finished"), (3, 4, "started"), (5, 6, "started"))
    (anomaly,) = (
        judged(history(sealed(events))).guarantees["states_are_legal"].anomalies
    )
    assert anomaly.count == 1


def test_two_jobs_of_one_key_have_a_log_each() -> None:
    """Their changes interleave, and neither is a flip of the other."""
    result = judged(history(sealed(damage.duplicate_job(facts(2), 2))))
    assert result.guarantees["states_are_legal"].verdict is Verdict.VALID


# In the damage job 2 is taken over by OTHER_CHILD, whose body is entered at 1003.95;
# the first attempt's process finishes it at 1004.2.
TAKEN_OVER, WRITTEN = 1003.95, 1004.2
FIRST_CHILD = first(facts(2), 2, AttemptEntered).process


def zombies(events: Facts) -> bool:
    """Say whether a zombie write stands, and nothing is unknown."""
    found = judged(history(sealed(events))).guarantees["states_are_legal"]
    assert found.verdict is not Verdict.UNKNOWN
    return {anomaly.kind for anomaly in found.anomalies} == {"zombie_write"}


def written_by(backend_pid: int, *, at: float = WRITTEN) -> Facts:
    """Return the damaged history with its last change by another connection."""
    return [
        msgspec.structs.replace(event, backend_pid=backend_pid, time=at)
        if isinstance(event, Transition) and event.job == 2 and event.new == "finished"
        else event
        for event in damage.zombie_write(facts(2), 2)
    ]


def connected(backend_pid: int, process: int, time: float) -> DatabaseConnected:
    """Return how a child of the worker opened a connection."""
    return DatabaseConnected(
        time=time, backend_pid=backend_pid, process=process, container="worker-1"
    )


def test_a_change_by_an_attempt_that_was_taken_over_is_a_zombie_s() -> None:
    """By the connection of its process, also one that was opened anew."""
    assert zombies(damage.zombie_write(facts(2), 2))
    assert zombies([*written_by(900), connected(900, FIRST_CHILD, 1004.1)])


def test_a_change_by_the_last_attempt_is_its_own() -> None:
    """Whichever connection it holds; a backend's id may have been another's before."""
    assert not zombies(written_by(backend_of(OTHER_CHILD)))
    assert not zombies([*written_by(900), connected(900, OTHER_CHILD, 1004.0)])
    reused = [connected(900, FIRST_CHILD, 1001.0), connected(900, OTHER_CHILD, 1004.0)]
    assert not zombies([*written_by(900), *reused])


def test_who_never_ran_the_job_is_no_zombie() -> None:
    """A reaper in the relay, or a child that turned a message for it away."""
    reaper = DatabaseConnected(
        time=999.0, backend_pid=900, process=7, container="relay-1"
    )
    assert not zombies([*written_by(900), reaper])
    turned_away = msgspec.structs.replace(
        first(facts(2), 2, Delivered), process=77, time=1004.0
    )
    assert not zombies([*written_by(900), connected(900, 77, 999.0), turned_away])


def test_a_process_that_took_the_job_again_writes_for_its_last_attempt() -> None:
    """Attempts one and three in one process, two in another."""
    third = msgspec.structs.replace(
        first(facts(2), 2, Delivered), redelivered=True, time=1004.1
    )
    entered = msgspec.structs.replace(first(facts(2), 2, AttemptEntered), time=1004.12)
    assert not zombies([*damage.zombie_write(facts(2), 2), third, entered])
    # Even where the change seems to come just before it: the clocks are two.
    near = msgspec.structs.replace(third, time=WRITTEN + 0.05)
    assert not zombies([*damage.zombie_write(facts(2), 2), near])


def test_what_is_nearer_than_the_clocks_can_tell_is_no_order() -> None:
    """A change a moment after the other attempt began may have come before it."""
    first_backend = backend_of(FIRST_CHILD)
    assert not zombies(written_by(first_backend, at=TAKEN_OVER + 0.09))
    assert zombies(written_by(first_backend, at=TAKEN_OVER + 0.11))
    clock = Clock(time=1.0, ledger="attempts", offset_seconds=50.0, error_seconds=0.05)
    assert not zombies([*written_by(first_backend, at=TAKEN_OVER + 0.14), clock])


def test_a_change_by_nobody_known_leaves_it_unknown() -> None:
    """Nobody is accused, and the guarantee is not called kept either."""
    found = judged(history(sealed(written_by(900)))).guarantees["states_are_legal"]
    assert found.verdict is Verdict.UNKNOWN
    assert "connection 900" in found.because[0]
    # Where no other attempt is about, it does not matter who it was.
    events = [e for e in facts(2) if not isinstance(e, DatabaseConnected)]
    assert judged(history(sealed(events))).guarantees["states_are_legal"].verdict is (
        Verdict.VALID
    )


def test_the_log_of_each_of_a_keys_jobs_is_looked_at() -> None:
    """The first row's log is whole, the second one's is not."""
    events = damage.duplicate_job(facts(2), 2)
    cut = without(events, damage.OTHER + 2, Transition)
    found = judged(history(sealed(cut))).guarantees["states_are_legal"]
    assert found.because == (
        f"the transition log of {key_of(2)} has a hole: it does not lead to failed",
    )


def test_a_log_that_was_not_read_to_its_end_has_no_hole() -> None:
    """What is missing is said once, of the ledger, and not of each job."""
    events = without(facts(2), 2, Transition, where=lambda t: t.new == "finished")
    cut = [e for e in sealed(events) if getattr(e, "ledger", None) != "database"]
    found = judged(history(cut)).guarantees["states_are_legal"]
    assert (found.verdict, found.because) == (Verdict.UNKNOWN, ())


def test_a_change_from_nothing_is_said_in_words() -> None:
    """None is a row that is not there."""
    events = [*facts(2), change(2, 20, "pending", None, time=1500.0)]
    (anomaly,) = (
        judged(history(sealed(events))).guarantees["states_are_legal"].anomalies
    )
    assert anomaly.causes[0].because == "pending → no row"
