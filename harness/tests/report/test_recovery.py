"""Recovery in numbers: known histories give known numbers, and nothing is made up."""

import msgspec
import pytest

from harness.fates import fold
from harness.history import AnyEvent, SubmitBegun
from harness.report.recovery import recovery
from harness.report.results import Recovery
from harness.tests.histories import damage
from harness.tests.histories.build import Facts, cell, fault, history, job, sealed

# The fault is asked at 1010, confirmed at 1010.2, healed at 1012, verified at 1012.2.
BEGUN, HEALED = 1010.0, 1012.2


def _recovery(*jobs: Facts, faults: Facts | None = None) -> Recovery | None:
    events: list[AnyEvent] = [
        cell(),
        *(fault(start=BEGUN) if faults is None else faults),
    ]
    for each in jobs:
        events += each
    return recovery(fold(history(sealed(events)), cell()))


def _steady(start: float, stop: float, *, first: int) -> list[Facts]:
    """Return two jobs a second, each done as quickly as the builder's jobs are."""
    count = int((stop - start) * 2)
    return [job(first + n, at=start + n / 2) for n in range(count)]


def test_a_fault_that_nobody_felt_left_no_mark() -> None:
    """Jobs went on through it: no dip, nothing late, the next job at once."""
    found = _recovery(*_steady(1002, 1020, first=1))

    assert found is not None
    assert found.dip == 0
    assert found.normal_wait_seconds == 0
    assert found.first_success_seconds is not None
    assert found.first_success_seconds < 1


def test_an_outage_is_a_dip_to_nothing() -> None:
    """Work comes back three seconds after the heal, when it had stood still."""
    found = _recovery(
        *_steady(1002, 1009, first=1), *_steady(HEALED + 3, 1025, first=100)
    )

    assert found is not None
    assert found.dip == 1
    assert found.first_success_seconds == pytest.approx(3, abs=1)


def test_jobs_that_wait_long_after_the_heal_are_late() -> None:
    """Until the last of them has ended, the latency is not normal."""
    late = [_later(event, by=4.0) for event in job(200, at=HEALED + 1)]
    found = _recovery(
        *_steady(1002, 1009, first=1), late, *_steady(HEALED + 6, 1025, first=100)
    )

    assert found is not None
    assert found.normal_wait_seconds == pytest.approx(5, abs=1)


def test_while_one_waits_for_ever_nothing_is_as_usual() -> None:
    """Those that ended in good time do not tell of the one that never will."""
    waits = damage.stranded_pending(job(200, at=HEALED - 1), 200)
    found = _recovery(*_steady(1002, 1020, first=1), waits)

    assert found is not None
    assert found.normal_wait_seconds is None


def _later(event: AnyEvent, *, by: float) -> AnyEvent:
    """Move all of a job but its first request."""
    if isinstance(event, SubmitBegun):
        return event
    return msgspec.structs.replace(event, time=event.time + by)


def test_answers_count_while_a_fault_is_on() -> None:
    """Their 95th percentile and the slowest one."""
    found = _recovery(*_steady(1002, 1020, first=1))

    assert found is not None
    assert found.api_p95_during is not None
    assert found.api_p95_during == found.api_slowest_during


def test_without_a_fault_that_is_gone_there_is_no_recovery() -> None:
    """Nothing is measured from a moment that never came."""
    assert _recovery(*_steady(1002, 1005, first=1), faults=[]) is None
    assert (
        _recovery(*_steady(1002, 1005, first=1), faults=fault(start=BEGUN)[:3]) is None
    )


def test_without_jobs_there_are_no_numbers() -> None:
    """Where nothing tells what is usual, nothing is said of it."""
    assert _recovery() == Recovery(
        first_success_seconds=None,
        normal_wait_seconds=None,
        dip=None,
        api_p95_during=None,
        api_slowest_during=None,
    )
