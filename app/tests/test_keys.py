"""Tests of jobs/keys.py: one job per key."""

import pytest

from jobs.keys import KeyTaken, create_once
from jobs.models import Job, Outbox
from tests.at_once import at_once

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("database")]


def test_the_same_key_gives_the_same_job() -> None:
    """A client that asks again gets the job that it has, and is told that it is old."""
    job, created = create_once({"type": "power", "argument": 8, "key": "a"})
    again, created_again = create_once({"type": "power", "argument": 8, "key": "a"})

    assert (created, created_again) == (True, False)
    assert job.id == again.id


def test_the_same_key_at_the_same_moment_gives_one_job() -> None:
    """Eight requests at once make one row with one message, and all get it."""
    asked = {"type": "power", "argument": 8, "key": "a"}

    answers = at_once(lambda: create_once(asked), 8)

    assert len({job.id for job, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    assert (Job.objects.count(), Outbox.objects.count()) == (1, 1)


def test_a_key_cannot_be_used_for_something_else() -> None:
    """Another argument under a used key is refused, and nothing is stored."""
    create_once({"type": "power", "argument": 8, "key": "a"})

    with pytest.raises(KeyTaken, match="Use a new key"):
        create_once({"type": "power", "argument": 9, "key": "a"})

    assert Job.objects.count() == 1


def test_jobs_without_a_key_are_never_the_same() -> None:
    """Who gives no key gets a new job each time."""
    asked = {"type": "power", "argument": 8}

    assert create_once(asked)[0].id != create_once(asked)[0].id
