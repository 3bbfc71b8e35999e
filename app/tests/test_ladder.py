"""What each design survives, and what not: all of them as whole systems, side by side.

Each story is played on all designs at once, since most of it is waiting.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

import pytest

from jobs.queues import DELIVERY_LIMIT
from tests.at_once import at_once
from tests.services import eventually, passes
from tests.system import LADDER, System

pytestmark = pytest.mark.engine

T = TypeVar("T")
Ladder = dict[str, System]
# What befalls a system's database while a block runs.
Away = Callable[[System], AbstractContextManager[None]]

# From this one on, a design ends what it starts, or lets it count once.
ENDS = LADDER[LADDER.index("requeue") :]
COUNTS_ONCE = LADDER[LADDER.index("idempotent") :]


def everywhere(ladder: Ladder, story: Callable[[System], T]) -> dict[str, T]:
    """Play the story on all designs at once; give what came of it."""
    with ThreadPoolExecutor(len(ladder)) as pool:
        return dict(zip(ladder, pool.map(story, ladder.values()), strict=True))


def comes_to(system: System, job_id: int, status: str, effects: int) -> None:
    """Wait until the job has this status, and so many effects."""
    eventually(partial(system.is_as, job_id, status, effects), within_seconds=120)


def test_a_key_that_several_clients_use_at_once(ladder: Ladder) -> None:
    """Up to requeue each of them has a job of its own; from idempotent on, all one."""

    def story(system: System) -> int:
        asked = {"type": "power", "argument": 8, "key": "at once"}
        answers = at_once(lambda: system.post(**asked), 4)
        jobs = {answer.json()["id"] for answer in answers}
        for job_id in jobs:
            comes_to(system, job_id, "finished", 1)
        return len(jobs)

    assert everywhere(ladder, story) == {
        design: 1 if design in COUNTS_ONCE else 4 for design in LADDER
    }


def test_a_second_message_for_a_job_that_runs(ladder: Ladder) -> None:
    """Up to requeue it runs beside itself, with two effects; then it is turned away."""

    def story(system: System) -> None:
        job_id = system.starts(type="sleep", argument=1500)
        system.publish(job_id, "default")
        system.is_at_work()
        effects = 1 if system.design in COUNTS_ONCE else 2
        comes_to(system, job_id, "finished", effects)

    everywhere(ladder, story)


def test_a_killed_pool_child(ladder: Ladder) -> None:
    """Up to late_ack its job stays `started`; from requeue on it ends."""

    def story(system: System) -> None:
        job_id = system.starts(type="sleep", argument=1500)
        system.kill_children()
        system.is_at_work()
        end = ("finished", 1) if system.design in ENDS else ("started", 0)
        comes_to(system, job_id, *end)

    everywhere(ladder, story)


def test_a_worker_that_is_killed(ladder: Ladder) -> None:
    """Early_ack loses what it was at; what had its effect has it again, or not.

    The worker is stopped before it can acknowledge the one job, whose effect its child
    still has, and killed in the middle of the other. Before there is a new worker, the
    message of a third job is delivered too often: requeue and its like give that up.
    The message of a fourth is dropped; only the outbox sends it again.
    """

    def story(system: System) -> None:
        # Room for a busy machine: the worker must be stopped before the second of them
        # ends, and killed before the first does.
        in_the_middle = system.starts(type="sleep", argument=9000)
        unacknowledged = system.starts(type="sleep", argument=2000)
        system.stop_worker()
        comes_to(system, unacknowledged, "finished", 1)
        system.kill_worker()
        assert system.is_as(in_the_middle, "started", 0)
        dropped = system.store(type="sleep", argument=1)
        system.publish(dropped, "default", expires_seconds=0.1)
        too_often = system.asks(type="power", argument=1)
        system.deliver_in_vain(too_often, times=DELIVERY_LIMIT + 1)
        system.start_worker()
        system.is_at_work()
        ends = system.design in ENDS
        comes_to(system, too_often, *(("failed", 0) if ends else ("finished", 1)))
        lost = system.design == "early_ack"
        comes_to(system, in_the_middle, *(("started", 0) if lost else ("finished", 1)))
        once = lost or system.design in COUNTS_ONCE
        comes_to(system, unacknowledged, "finished", 1 if once else 2)
        sent_again = system.design == "outbox"
        end = ("finished", 1) if sent_again else ("failed" if ends else "pending", 0)
        comes_to(system, dropped, *end)

    everywhere(ladder, story)


@pytest.mark.parametrize("away", [System.database_away, System.database_read_only])
def test_a_database_that_is_away_for_a_moment(ladder: Ladder, away: Away) -> None:
    """Up to late_ack a job stays as it was; then it is retried, a dead letter as well.

    The dead letter comes with its retries used up: there are more for it.
    """

    def story(system: System) -> None:
        job_id = system.starts(type="sleep", argument=2000)
        dead = system.store(type="sleep", argument=1)
        with away(system):
            if system.design in ENDS:
                system.publish(dead, "dead", retries=12)
            passes(3.5)  # the job ends in it
        system.is_at_work()
        ends = system.design in ENDS
        comes_to(system, job_id, *(("finished", 1) if ends else ("started", 0)))
        comes_to(system, dead, "failed" if ends else "pending", 0)

    everywhere(ladder, story)
