"""What a cell lacks before a verdict is earned, said in sentences."""

from typing import Any, Literal

import msgspec
import pytest

from harness.earned import evidence, fault_times, is_baseline, unread
from harness.fates import fold
from harness.history import (
    AnyEvent,
    Cell,
    End,
    FaultConfirmed,
    FaultFailed,
    FaultHealed,
    FaultInjected,
    FaultVerified,
    Floors,
    HarnessFailed,
    LedgerEnd,
    ProbeFailed,
    Row,
    Settled,
)
from harness.tests.histories import damage
from harness.tests.histories.build import (
    FAULT,
    Facts,
    cell,
    facts,
    history,
    reading,
    sealed,
)
from harness.verdict import Evidence


def lacks(events: Facts, *, asked: Cell | None = None) -> Evidence:
    """Return what these events lack."""
    read = history(events)
    account = fold(read, asked or cell())
    return evidence(
        read,
        account.cell,
        faults=account.faults,
        work=account.work,
        unbalanced=account.unbalanced,
    )


def no(events: Facts, kind: type) -> Facts:
    """Take away all events of a kind."""
    return [event for event in events if not isinstance(event, kind)]


def swap(given: Facts, kind: type, /, **fields: Any) -> Facts:
    """Change all events of a kind."""
    return [
        msgspec.structs.replace(event, **fields) if isinstance(event, kind) else event
        for event in given
    ]


def test_a_whole_cell_lacks_nothing() -> None:
    """Faults felt and gone, ledgers read, settled, ended: complete."""
    assert lacks(sealed(facts(3))) == Evidence(missing=(), complete=True)


@pytest.mark.parametrize("ledger", ["client", "database", "attempts", "broker"])
def test_a_ledger_without_its_marker_was_not_read(ledger: str) -> None:
    """Each marker is needed, and the ledger is named."""
    events = [e for e in sealed(facts(3)) if getattr(e, "ledger", None) != ledger]
    found = lacks(swap(events, End, events=0))
    assert found.missing == (f"the {ledger} ledger was not read to its end",)
    assert not found.complete


def test_a_ledger_with_fewer_lines_than_its_marker_says_was_not_read() -> None:
    """A line lost from the middle is seen by the count."""
    events = sealed(facts(3))
    events.remove(damage.first(events, 2, Row))
    assert unread(history(events)) == {
        "database": "the database ledger has 14 of 15 events"
    }
    assert not lacks(events).complete


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (End, "the history has no end: not all of it was written"),
        (Settled, "the run did not settle"),
    ],
)
def test_what_the_harness_writes_last_must_be_there(kind: type, sentence: str) -> None:
    """Without the end, or settled, absence proves nothing."""
    found = lacks(swap(no(sealed(facts(3)), kind), End, events=0))
    assert found.missing == (sentence,)
    assert not found.complete


def test_fewer_events_than_the_end_counts_is_a_loss() -> None:
    """Any lost line shows."""
    events = sealed(facts(3))
    found = lacks(events[1:])
    assert any("events" in each for each in found.missing)
    assert not found.complete


def test_of_several_markers_the_one_with_the_most_lines_counts() -> None:
    """A later marker with fewer lines takes nothing back."""
    markers = [
        LedgerEnd(time=time, ledger="database", lines=lines)
        for time, lines in ((1.0, 16), (2.0, 15))
    ]
    assert unread(history([*facts(3), *markers]))["database"] == (
        "the database ledger has 15 of 16 events"
    )


def test_a_probe_that_could_not_see_leaves_a_gap() -> None:
    """Each reason is said once; absence proves nothing."""
    blind = [
        ProbeFailed(time=1.0, because=because, process=1, container="worker-1")
        for because in ("2 lines lost", "no hook", "no hook")
    ]
    found = lacks(sealed([*facts(3), *blind]))
    assert found.missing == (
        "the probe failed: 2 lines lost",
        "the probe failed: no hook",
    )
    assert not found.complete


def test_a_run_that_did_not_settle_says_why() -> None:
    """The conductor's own words are passed on."""
    events = swap(sealed(facts(3)), Settled, complete=False, because="2 unacknowledged")
    assert lacks(events).missing == ("the run did not settle: 2 unacknowledged",)
    assert not lacks(events).complete


def test_a_broken_history_is_not_complete() -> None:
    """What stands after the break was not read."""
    read = history(sealed(facts(3)))
    broken = type(read)(events=read.events, broken="line 9 cannot be read")
    account = fold(broken, cell())
    found = evidence(
        broken, cell(), faults=account.faults, work=account.work, unbalanced=()
    )
    assert found.missing == ("line 9 cannot be read",)
    assert not found.complete


def test_a_failed_harness_and_unbalanced_books_are_missing() -> None:
    """Both are said, once each."""
    failed: list[AnyEvent] = [HarnessFailed(time=1.0, because="boom")] * 2
    assert lacks([*sealed(facts(3)), *failed]).missing == ("the harness failed: boom",)
    read = history(sealed(facts(3)))
    account = fold(read, cell())
    found = evidence(
        read, cell(), faults=(), work=account.work, unbalanced=("rows: 3 and 4",)
    )
    assert found.missing == ("the books do not balance: rows: 3 and 4",)
    assert found.complete


def test_a_history_of_another_schema_is_said() -> None:
    """A reader of today does not guess at tomorrow's fields."""
    asked = cell(schema_version=2)
    (missing,) = lacks(sealed(facts(3)), asked=asked).missing
    assert "schema version 2" in missing


# --- faults -------------------------------------------------------------------

NAME = FAULT.name


def fault_lacks(events: Facts) -> tuple[str, ...]:
    """Return what is missing of the fault."""
    return lacks(sealed(events)).missing


@pytest.mark.parametrize(
    ("gone", "problem", "complete"),
    [
        (FaultInjected, "it was never injected", True),
        (FaultConfirmed, "no probe confirmed that it bites", True),
        (FaultHealed, "it was never healed", True),
        (FaultVerified, "no probe verified that it is gone", False),
    ],
)
def test_each_of_a_faults_four_times_must_be_there(
    gone: type, problem: str, complete: bool
) -> None:
    """A missing step is named; while a fault may be on, absence proves nothing."""
    found = lacks(sealed(no(facts(3), gone)))
    assert found.missing == (f"fault {NAME}: {problem}",)
    assert found.complete is complete


def test_a_fault_must_be_felt_where_the_lane_was() -> None:
    """Confirmed on links that the lane did not use is not confirmed for it."""
    events = swap(facts(3), FaultConfirmed, readings=(reading(used=False),))
    assert fault_lacks(events) == (
        f"fault {NAME}: it was confirmed on no link or process that this lane used",
    )
    events = swap(facts(3), FaultConfirmed, readings=())
    assert len(fault_lacks(events)) == 1


def test_a_heal_that_no_probe_looked_at_is_not_verified() -> None:
    """Verified means that a probe felt it gone."""
    events = swap(facts(3), FaultVerified, readings=())
    assert fault_lacks(events) == (f"fault {NAME}: no probe verified that it is gone",)


def test_a_faults_times_must_be_in_order() -> None:
    """Healed before it was confirmed: the fault was not there when it was felt."""
    events = swap(facts(3), FaultHealed, time=1002.1)
    assert fault_lacks(events) == (f"fault {NAME}: its times are out of order",)


def test_a_failed_step_counts_unless_it_succeeded_later() -> None:
    """A heal that needed a second try is a heal."""
    failed = FaultFailed(time=1003.0, fault=NAME, stage="heal", because="no proxy")
    assert fault_lacks([*facts(3), failed]) == ()
    late = msgspec.structs.replace(failed, time=1010.0)
    assert fault_lacks([*facts(3), late]) == (
        f"fault {NAME}: it failed to heal: no proxy",
    )
    assert not lacks(sealed([*facts(3), late])).complete


@pytest.mark.parametrize("stage", ["inject", "confirm", "heal", "verify"])
@pytest.mark.parametrize(
    ("time", "counts"), [(1002.0, False), (1001.0, False), (1010.0, True)]
)
def test_a_failure_at_any_stage_counts_until_that_stage_succeeds(
    stage: Literal["inject", "confirm", "heal", "verify"], time: float, counts: bool
) -> None:
    """In the instant of the success is early enough."""
    failed = FaultFailed(time=time, fault=NAME, stage=stage, because="no proxy")
    found = lacks(sealed([*facts(3), failed]))
    said = (f"fault {NAME}: it failed to {stage}: no proxy",)
    assert found.missing == (said if counts else ())
    gone = stage in ("inject", "confirm") or not counts
    assert found.complete is gone


def test_a_faults_times_may_all_be_one_instant() -> None:
    """A clock may be that coarse; only the order counts."""
    events = facts(3)
    for kind in (FaultInjected, FaultConfirmed, FaultHealed, FaultVerified):
        events = swap(events, kind, time=1002.0)
    assert fault_lacks(events) == ()


def test_a_fault_that_nobody_asked_for_has_no_type_and_no_sentence() -> None:
    """It is told as unknown, and earns nothing."""
    (fault,) = fault_times(history(facts(3)), cell(faults=()))
    assert (fault.type, fault.sentence) == ("unknown", "unknown")
    (asked,) = fault_times(history(facts(3)), cell())
    assert (asked.type, asked.sentence) == (FAULT.type, FAULT.sentence)


def test_a_fault_that_the_scenario_does_not_name_is_said() -> None:
    """A fault in a baseline would make a wrong control."""
    asked = cell(faults=())
    found = lacks(sealed(facts(3)), asked=asked)
    assert found.missing == (f"fault {NAME}: the scenario does not name it",)


def test_a_faults_times_and_readings_are_told() -> None:
    """The four times, in order, and what was felt."""
    (fault,) = fault_times(history(facts(3)), cell())
    times = (fault.asked, fault.confirmed, fault.healed, fault.verified)
    assert times == (1002.0, 1002.2, 1004.0, 1004.2)
    assert fault.readings == (reading(),)
    spans = ((1001, 1001.9), (1001, 1002), (1003, 1003), (1004.2, 9999), (1004.3, 9999))
    over = [fault.lies_over(*span) for span in spans]
    assert over == [False, True, True, True, False]


def test_a_fault_that_was_never_verified_lies_over_all_that_follows() -> None:
    """And one that was never injected over nothing."""
    (open_fault,) = fault_times(history(no(facts(3), FaultVerified)), cell())
    assert open_fault.lies_over(9999, 9999)
    assert not open_fault.lies_over(1001, 1001)
    (never,) = fault_times(history(no(facts(3), FaultInjected)), cell())
    assert not never.lies_over(1001, 9999)


# --- floors -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("floor", "sentence"),
    [
        ("operations", "3 operations, the floor is 4"),
        ("accepted", "3 accepted jobs, the floor is 4"),
        ("finished", "3 finished jobs, the floor is 4"),
        ("fault_window", "0 operations and attempts, the floor is 4"),
    ],
)
def test_too_little_work_earns_nothing(floor: str, sentence: str) -> None:
    """Each floor is said with its number; at the floor is enough."""
    none = {"operations": 0, "accepted": 0, "finished": 0, "fault_window": 0}
    asked = cell(floors=Floors(**(none | {floor: 4})))
    found = lacks(sealed(facts(3)), asked=asked)
    assert len(found.missing) == 1
    assert sentence in found.missing[0]
    assert found.complete
    exact = 3 if floor != "fault_window" else 0
    asked = cell(floors=Floors(**(none | {floor: exact})))
    assert lacks(sealed(facts(3)), asked=asked).missing == ()


def test_a_baseline_may_have_one_percent_of_indefinite_operations() -> None:
    """Under a fault there is no such limit."""
    asked = cell(faults=())
    events = damage.failed_answer(facts(100, asked=asked), 1)
    assert lacks(sealed(events), asked=asked).missing == ()
    events = damage.failed_answer(events, 2)
    missing = lacks(sealed(events), asked=asked).missing
    assert missing == ("2 of 100 operations are indefinite; a baseline may have 1%",)
    nothing = [asked]
    assert lacks(sealed(nothing), asked=asked).missing == ()
    under_fault = damage.failed_answer(facts(3), 1)
    assert lacks(sealed(under_fault)).missing == ()


def test_a_scenario_that_must_bite_is_no_baseline_even_without_faults() -> None:
    """Someone took its faults away: it is a scenario that proves nothing."""
    assert is_baseline(cell(faults=()))
    assert not is_baseline(cell(faults=(), bites={"tutorial": ("stranded_pending",)}))
    assert not is_baseline(cell())
