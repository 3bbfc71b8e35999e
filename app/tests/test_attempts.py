"""Tests of jobs/attempts.py: who owns a job, and whose writes count."""

from datetime import timedelta
from threading import Thread

import pytest
from django.utils import timezone

from designs.outbox import lapsed
from jobs import attempts
from jobs.models import Effect, Job
from tests.at_once import at_once
from tests.services import eventually

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("database")]


def new_job() -> Job:
    """Make a job that waits."""
    return Job.objects.create(type="power", argument=8)


def begun(job: Job, *, lease_seconds: float = 60) -> Job:
    """Begin an attempt that must be granted."""
    attempt = attempts.begin(job.id, take_over=True, lease_seconds=lease_seconds)
    assert attempt is not None
    return attempt


def test_an_attempt_that_ends_writes_result_state_and_effect() -> None:
    """After `finish`, the row says so and the effect is there, once."""
    job = new_job()

    assert attempts.finish(begun(job), 256)

    job.refresh_from_db()
    assert (job.status, job.result, job.attempt) == ("finished", 256, 1)
    assert job.effects.count() == 1


def test_of_two_workers_with_one_message_each_only_one_begins() -> None:
    """A job that is `started` is nobody else's, as long as its owner may be there."""
    job = new_job()

    begun_by = at_once(lambda: attempts.begin(job.id, take_over=False), 4)

    assert sum(attempt is not None for attempt in begun_by) == 1


def test_of_two_attempts_at_once_only_the_later_one_counts() -> None:
    """Both run to their end, and the job has one effect and one result."""
    job = new_job()
    owners = at_once(lambda: begun(job), 2)

    ended = {owner.attempt: attempts.finish(owner, owner.attempt) for owner in owners}

    job.refresh_from_db()
    assert ended == {1: False, 2: True}
    assert (job.status, job.result) == ("finished", 2)
    assert Effect.objects.count() == 1


def test_an_attempt_that_was_taken_over_cannot_fail_the_job() -> None:
    """A worker that was taken for dead writes nothing when it comes back."""
    job = new_job()
    first, second = begun(job), begun(job)

    assert not attempts.fail(first)
    assert not attempts.put_back(first)
    assert attempts.finish(second, 256)
    assert not attempts.fail(second)


def test_a_job_that_has_ended_is_never_begun_again() -> None:
    """A message that comes late, or again, finds nothing to do."""
    job = new_job()
    attempts.finish(begun(job), 256)

    assert attempts.begin(job.id, take_over=True) is None
    assert not attempts.give_up(job.id)


def test_a_message_without_a_job_is_turned_away() -> None:
    """The row may be gone by the time that its message comes."""
    assert attempts.begin(10**9, take_over=True) is None


def test_a_lease_is_renewed_while_the_body_runs() -> None:
    """A body that takes longer than its lease keeps its job."""
    job = begun(new_job(), lease_seconds=0.3)
    ends_at = timezone.now() + timedelta(seconds=1)

    def is_renewed() -> bool:
        row = Job.objects.get(id=job.id)
        return row.leased_until is not None and row.leased_until > ends_at

    with attempts.leased(job, 0.3):
        eventually(is_renewed)


def test_a_body_runs_where_there_can_be_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whose lease is not renewed may lose its job; that is no failure of its own."""
    job = begun(new_job(), lease_seconds=1)

    def refuse(self: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)

    with attempts.leased(job, 1):
        assert attempts.finish(job, 1)


def test_a_lease_is_not_renewed_for_an_attempt_that_lost_its_job() -> None:
    """Who was taken over does not keep the job from being taken over again."""
    first = begun(new_job())
    second = begun(first, lease_seconds=1)

    with attempts.leased(first, 0.1):
        eventually(lambda: lapsed().filter(id=second.id).exists())
