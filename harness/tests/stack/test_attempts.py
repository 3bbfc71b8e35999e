"""The attempts ledger follows the probe's file."""

from pathlib import Path
from typing import Any

import pytest

from harness.errors import StackLost
from harness.history import (
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    BreakpointLeft,
    BreakpointReached,
    ChildDied,
    Clock,
    DatabaseConnected,
    DeadLettered,
    Delivered,
    TaskEnded,
    encode,
)
from harness.stack.ledgers.attempts import AttemptLog

DELIVERED = Delivered(
    time=1, job=7, task="t", redelivered=False, process=11, container="worker"
)
ENTERED = AttemptEntered(time=2, job=7, task="t", process=11, container="worker")
LEFT = AttemptLeft(
    time=3, job=7, task="t", process=11, container="worker", outcome="returned"
)
ENDED = TaskEnded(
    time=4, job=7, task="t", state="SUCCESS", process=11, container="worker"
)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "attempts.jsonl"
    path.touch()
    return path


def _write(path: Path, *events: AnyEvent) -> None:
    with path.open("ab") as file:
        file.writelines(encode(event) for event in events)


def test_what_was_there_before_belongs_to_another_cell(path: Path) -> None:
    """A cell's share begins where the file ended when the cell began."""
    _write(path, DELIVERED)
    log = AttemptLog(path)
    _write(path, ENTERED)

    assert log.read() == [ENTERED]
    log.begin()
    assert log.read() == []
    assert log.started() == 0


def _connected(backend_pid: int, process: int = 11) -> DatabaseConnected:
    return DatabaseConnected(
        time=1, backend_pid=backend_pid, process=process, container="worker"
    )


def test_a_connection_that_may_be_open_belongs_to_the_next_cell_too(path: Path) -> None:
    """Opened once, it may be written through for minutes."""
    _write(path, _connected(300), _connected(301, 12), DELIVERED)
    log = AttemptLog(path)

    for _ in range(2):
        assert log.read() == [_connected(300), _connected(301, 12)]
        log.begin()


def test_the_connections_of_the_past_do_not_pile_up(path: Path) -> None:
    """Those of a dead child are gone, and of the others the last ones matter."""
    log = AttemptLog(path)
    died = ChildDied(time=2, child=12, exitcode=-9, process=1, container="worker")
    _write(path, *map(_connected, range(100)), _connected(301, 12), died)
    assert len(log.read()) == 102

    log.begin()
    assert log.read() == [_connected(backend) for backend in range(84, 100)]


@pytest.mark.parametrize(("error", "time"), [(0.1, 52.0), (60.0, 2.0)])
def test_another_kernel_s_times_become_ours(
    path: Path, error: float, time: float
) -> None:
    """An offset within its own error is none: the kernel is the same."""
    clock = Clock(time=0, ledger="attempts", offset_seconds=50.0, error_seconds=error)
    log = AttemptLog(path, clock)
    _write(path, ENTERED)

    assert [event.time for event in log.read()] == [time]
    assert [event.time for event in log.running()] == [time]


def test_half_a_line_is_left_for_later(path: Path) -> None:
    """A process may be about to write the rest of it."""
    log = AttemptLog(path)
    line = encode(ENTERED)
    with path.open("ab") as file:
        file.write(line[:20])
    assert log.read() == []
    with path.open("ab") as file:
        file.write(line[20:])

    assert log.read() == [ENTERED]


def test_a_task_is_under_way_until_celery_has_ended_it(path: Path) -> None:
    """Leaving the body is not the end: the result is still to be written."""
    log = AttemptLog(path)
    _write(path, DELIVERED, ENTERED)
    assert log.under_way() == [DELIVERED]
    assert log.running() == [ENTERED]

    _write(path, LEFT)
    assert log.running() == []
    assert log.under_way() == [DELIVERED]

    _write(path, ENDED)
    assert log.under_way() == []


def test_what_a_killed_process_had_begun_is_buried_with_it(path: Path) -> None:
    """It never writes an end, so nobody must wait for one."""
    log = AttemptLog(path)
    _write(path, DELIVERED, ENTERED)

    log.bury("worker", 12)
    assert log.running() == [ENTERED]
    log.bury("worker", 11)
    assert log.running() == []
    assert log.under_way() == []


def test_a_job_is_picked_by_one_fault_only(path: Path) -> None:
    """Two faults never aim at one victim, nor one after the other at one job."""
    log = AttemptLog(path)

    assert log.pick(ENTERED)
    assert not log.pick(ENTERED)


def test_a_line_that_is_no_event_is_the_harness_s_failure(path: Path) -> None:
    """A gap in this ledger would make false "lost" jobs."""
    log = AttemptLog(path)
    with path.open("ab") as file:
        file.write(b'{"kind":"nonsense"}\n')

    with pytest.raises(StackLost, match="no event"):
        log.read()


def test_dead_lettered_jobs_are_those_that_the_app_took_back(path: Path) -> None:
    """By the probe's line, which the dead-letter consumer's hook leaves."""
    log = AttemptLog(path)
    _write(path, DELIVERED, ENTERED)
    assert log.dead_lettered() == set()
    _write(path, DeadLettered(time=5, job=7, queue="default.dead"))

    assert log.dead_lettered() == {7}


def test_an_arrival_is_held_until_it_leaves(path: Path) -> None:
    """One that was killed where it waited never leaves: it is held for ever."""
    log = AttemptLog(path)
    place: dict[str, Any] = {
        "point": "task.returned",
        "nth": 5,
        "job": 7,
        "process": 11,
    }
    reached = BreakpointReached(time=5, container="worker", **place)
    _write(path, reached)

    assert log.held_at("task.returned", 5, ("worker",)) == reached
    for other in (
        ("task.returned", 4, ("worker",)),
        ("task.started", 5, ("worker",)),
        ("task.returned", 5, ("web", "relay")),
    ):
        assert log.held_at(*other) is None
    log.bury("worker")
    assert log.held_at("task.returned", 5, ("worker",)) == reached
    _write(path, BreakpointLeft(time=6, container="worker", released=True, **place))
    assert log.held_at("task.returned", 5, ("worker",)) is None


def test_a_line_that_was_cut_off_by_a_kill_is_as_good_as_never_written(
    path: Path,
) -> None:
    """Every writer begins on a new line, so that it spoils no other's."""
    log = AttemptLog(path)
    with path.open("ab") as file:
        file.write(encode(DELIVERED)[:40] + b"\n" + encode(ENTERED))

    assert log.read() == [ENTERED]
