"""The state graph, and looks of a client that contradict each other."""

from itertools import product

import msgspec
import pytest

from harness.history import PollEnded, Transition
from harness.tests.histories import damage
from harness.tests.histories.build import Facts, facts, history, sealed, without
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
    ],
)
def test_only_a_look_begun_after_the_other_ended_can_regress(
    looks: list[tuple[float, float, str | None]], harm: bool
) -> None:
    """Looks that overlap, and looks without an answer, say nothing."""
    result = judged(history(sealed(looked(*looks))))
    assert ("status_regress" in shown(result)) is harm


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
