"""Jobs that are lost or never start; test_hops.py has the places and causes."""

import msgspec
import pytest

from harness.history import Row, SubmitBegun, SubmitEnded
from harness.tests.histories import damage
from harness.tests.histories.build import facts, history, sealed
from harness.tests.histories.damage import changed
from harness.tests.histories.judged import judged


def test_a_key_with_one_job_done_and_one_open_is_stranded_by_the_open_one() -> None:
    """The client retried: one row is finished, the first is pending for ever."""
    events = damage.duplicate_job(facts(2), 2)
    events = [
        msgspec.structs.replace(event, status="pending")
        if isinstance(event, Row) and event.job > damage.OTHER
        else event
        for event in events
        if (getattr(event, "job", None) or 0) <= damage.OTHER or isinstance(event, Row)
    ]
    events += [
        msgspec.structs.replace(
            damage.change(2, 50, None, "pending", time=1003.0), job=damage.OTHER + 2
        )
    ]
    result = judged(history(sealed(events)))
    starts = result.guarantees["every_job_starts"].anomalies
    assert [each.kind for each in starts] == ["stranded_pending"]
    assert not result.guarantees["every_started_job_ends"].anomalies


def test_a_warm_up_job_is_judged_as_any_other() -> None:
    """The conductor goes on where a design loses one: it counts on this."""
    events = changed(facts(2), 2, SubmitBegun, purpose="warm_up")
    clean = judged(history(sealed(events)))
    assert not clean.guarantees["every_job_starts"].anomalies
    lost = judged(history(sealed(damage.stranded_pending(events, 2))))
    starts = lost.guarantees["every_job_starts"].anomalies
    assert [each.kind for each in starts] == ["stranded_pending"]


@pytest.mark.parametrize(
    ("damaged", "cause", "how"),
    [
        (
            "gone",
            "commit lost",
            "stored, row gone: its row was there and is gone without a delete",
        ),
        ("deleted", "deleted", "stored, row gone: its row was deleted"),
        ("never", "never stored", "never stored"),
    ],
)
def test_a_lost_job_says_how_it_went(damaged: str, cause: str, how: str) -> None:
    """Deleted, gone without a delete, or never there."""
    events = damage.lost_record(facts(2), 2)
    if damaged == "deleted":
        events.append(damage.change(2, 20, "finished", None, time=1003.0))
    if damaged == "never":
        events = damage.vanished(facts(2), 2)
        events = changed(events, 2, SubmitEnded, outcome="ok", status=201)
    result = judged(history(sealed(events)))
    (anomaly,) = result.guarantees["every_job_starts"].anomalies
    assert (anomaly.kind, anomaly.causes[0].cause) == ("lost_record", cause)
    assert anomaly.causes[0].because == f"answered 201, {how}"
