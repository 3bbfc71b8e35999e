"""Attempts at a job, for designs in which two workers may hold the same one.

A broker may deliver a message twice, and a worker that was taken for dead may go on. So
each attempt has a number, and whatever it writes names that number: `UPDATE ... WHERE
status = 'started' AND attempt = 3`. Once a later attempt has begun, an older one's
writes change nothing. The effect is written in the same transaction as the end state,
so both happen or neither does.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models.functions import Now

from jobs.models import Effect, Job

logger = logging.getLogger(__name__)

OPEN = (Job.Status.PENDING, Job.Status.STARTED)


def begin(job_id: int, *, take_over: bool, lease_seconds: float = 0) -> Job | None:
    """Make the caller the owner of the job: pending, or started -> started.

    `take_over` says that the last owner is known to be gone or cut off, so that a job
    which is `started` may be started anew. Give None where the job is not the caller's
    to run: it has ended, somebody runs it, or it was never there.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(id=job_id).first()
        if job is None or job.status not in OPEN:
            return None
        if job.status == Job.Status.STARTED and not take_over:
            return None
        job.attempt += 1
        Job.objects.filter(id=job.id).update(
            status=Job.Status.STARTED,
            attempt=job.attempt,
            leased_until=_from_now(lease_seconds) if lease_seconds else None,
            updated_at=Now(),
        )
    return job


def finish(job: Job, result: int) -> bool:
    """Write result, state and effect at once; False if another attempt owns the job."""
    with transaction.atomic():
        written = _end(job, status=Job.Status.FINISHED, result=result)
        if written:
            Effect.objects.create(job=job, once_for=job.id)
    return written


def fail(job: Job) -> bool:
    """Write that the job cannot be done; False if another attempt owns the job."""
    return _end(job, status=Job.Status.FAILED)


def put_back(job: Job) -> bool:
    """Let the job wait for a new attempt; False if another attempt owns it."""
    return _write(job, status=Job.Status.PENDING)


def give_up(job_id: int) -> bool:
    """Fail a job that is still open, whoever owns it; False if it has ended."""
    return bool(
        Job.objects.filter(id=job_id, status__in=OPEN).update(
            status=Job.Status.FAILED, updated_at=Now()
        )
    )


def fail_dead_letter(job_id: int) -> bool:
    """Fail the job of a dead letter; False if it has ended.

    Call it as `attempts.fail_dead_letter(...)`, so that there is one place to see the
    ends of dead letters from.
    """
    failed = give_up(job_id)
    about = {"job_id": job_id}
    logger.warning("a dead letter: %s", "failed" if failed else "ended", extra=about)
    return failed


@contextmanager
def leased(job: Job, lease_seconds: float) -> Iterator[None]:
    """Renew the job's lease while the block runs, so that a long body keeps its job.

    The work is done by a thread, which a short body ends before it has touched the
    database. A renewal that fails is tried again: the lease outlives two of them. Where
    there can be no thread, a long body may lose its job to another attempt: that is
    what attempts have numbers for, and no reason to fail it.
    """
    done = Event()
    renewer = Thread(target=_renew, args=(job, lease_seconds, done), daemon=True)
    try:
        renewer.start()
    except RuntimeError as error:
        about = {"job_id": job.id}
        logger.warning("its lease is not renewed: %s", error, extra=about)
    try:
        yield
    finally:
        done.set()


def _renew(job: Job, lease_seconds: float, done: Event) -> None:
    try:
        while not done.wait(lease_seconds / 3):
            try:
                if not _write(job, leased_until=_from_now(lease_seconds)):
                    return
            except DatabaseError as error:
                about = {"job_id": job.id}
                logger.warning("its lease was not renewed: %r", error, extra=about)
                connection.close()
    finally:
        connection.close()


def _end(job: Job, **values: Any) -> bool:
    written = _write(job, **values)
    if not written:
        about = {"job_id": job.id}
        logger.warning("attempt %s had lost its job", job.attempt, extra=about)
    return written


def _write(job: Job, **values: Any) -> bool:
    """Change the row if this attempt still owns the job; say whether it does."""
    owned = Job.objects.filter(
        id=job.id, status=Job.Status.STARTED, attempt=job.attempt
    )
    return bool(owned.update(**values, updated_at=Now()))


def _from_now(seconds: float) -> Any:
    # By the database's clock, the only one that all workers share.
    return Now() + timedelta(seconds=seconds)
