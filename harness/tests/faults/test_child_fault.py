"""The pool child that is killed, and the attempt that it was in the middle of."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.clock import now
from harness.conditions import started
from harness.errors import FaultNotInjected
from harness.faults.process import child_fault
from harness.faults.process.child_fault import ChildFault
from harness.history import AnyEvent, AttemptEntered, AttemptLeft, encode
from harness.stack.ledgers.attempts import AttemptLog


def entered(job: int, process: int) -> AttemptEntered:
    """Return an attempt that has run for as long as a victim's."""
    return AttemptEntered(
        time=now() - 0.2, job=job, task=f"t{job}", process=process, container="worker"
    )


def left(job: int, process: int) -> AttemptLeft:
    """Return the end of an attempt."""
    return AttemptLeft(
        time=now(),
        job=job,
        task=f"t{job}",
        process=process,
        container="worker",
        outcome="returned",
    )


class Worker:
    """A worker whose ledger says what we write, and in which whoever is hit dies."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "attempts.jsonl"
        self.path.touch()
        self.killed: list[int] = []
        self.lane: Any = SimpleNamespace(
            name="outbox",
            roles={"worker": None},
            attempts=AttemptLog(self.path),
            is_running=lambda _, process, **__: process not in self.killed,
        )

    def writes(self, *events: AnyEvent) -> None:
        """Let the probe write these lines."""
        with self.path.open("ab") as file:
            for event in events:
                file.write(encode(event))

    def hit(self, *meanwhile: AnyEvent) -> Any:
        """Hit a child, before whose death these lines are written; return the aim."""

        def strike(_: Any, process: int) -> None:
            if not self.killed:
                self.writes(*meanwhile)
            self.killed.append(process)

        fault = ChildFault(
            type="kill_child",
            target="a pool child of worker",
            when=started(1),
            for_seconds=1,
            does="dies",
            healed_by="by the worker's pool",
            strike=strike,
        )
        return fault.inject(cast(Any, self.lane), fault.aim(self.lane))


def test_a_child_dies_in_the_middle_of_the_attempt_that_was_picked(
    tmp_path: Path,
) -> None:
    """It is told of, and nothing of the dead one is under way any more."""
    worker = Worker(tmp_path)
    worker.writes(entered(1, 9))
    aim = worker.hit()
    assert (aim.victim, aim.job, worker.killed) == (9, 1, [9])
    assert not worker.lane.attempts.running()


def test_a_child_that_was_at_its_next_attempt_by_then(tmp_path: Path) -> None:
    """That one is hit: the dead are not to be picked again, nor another one killed."""
    worker = Worker(tmp_path)
    worker.writes(entered(1, 9))
    aim = worker.hit(left(1, 9), entered(2, 9))
    assert (aim.victim, aim.job, worker.killed) == (9, 2, [9])
    assert not worker.lane.attempts.running()


def test_a_child_that_ran_nothing_by_then(tmp_path: Path) -> None:
    """Another one is picked."""
    worker = Worker(tmp_path)
    worker.writes(entered(1, 9))
    aim = worker.hit(left(1, 9), entered(2, 10))
    assert (aim.victim, aim.job, worker.killed) == (10, 2, [9, 10])


def test_where_all_got_away_the_fault_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nobody left to pick."""
    monkeypatch.setattr(child_fault, "_FIND_WITHIN_SECONDS", 0.1)
    worker = Worker(tmp_path)
    worker.writes(entered(1, 9))
    with pytest.raises(FaultNotInjected, match="no attempt of lane outbox"):
        worker.hit(left(1, 9))
