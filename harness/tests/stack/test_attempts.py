"""The attempts ledger follows the probe's file."""

from pathlib import Path

import pytest

from harness.errors import StackLost
from harness.history import (
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
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
