"""The design that loses no job and lets none have its effect twice.

What it does: the database owns the job, and a message is only a hint that there is
something to do. Creating a job writes a row into the outbox in the same transaction, so
there is no job without its message and no message without its job. The relay publishes
what the outbox holds and marks it once the broker has confirmed. A crash between the two
repeats a message, never loses one; a repeated message finds a job that is not `pending`
and is turned away. An attempt writes result, state and effect in one transaction, under
its own number (jobs/attempts.py). While it runs, it renews a lease on the job; the relay
also puts back what nobody renews, and what has been waiting too long for a worker.

What it promises: everything but that a body is entered only once. When a connection
breaks, nobody can know whether the worker at its other end still runs.

The settings that matter: `confirm_publish` with `read_timeout` and `write_timeout`, of
which neither is enough alone: unconfirmed messages get lost, and a confirmation from a
silent broker is awaited for ever. `task_acks_late` with `task_reject_on_worker_lost`
brings a killed attempt's message back at once, and the quorum queue's delivery limit
(jobs/queues.py) keeps a job that kills its worker from coming back for ever.

What breaks it: a relay that is not running (jobs stay `pending` until it is), and a body
that acts on the outside world by itself, out of reach of our transaction: give such a
service the job's id as idempotency key.

When it is right: whenever a lost or doubled job costs more than the relay's process and
the tenth of a second that its polling adds.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic
from typing import Any

from celery import Task
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import (
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Now
from kombu import Connection

from config.celery import app
from config.logs import about_job
from jobs import attempts, bodies
from jobs.keys import create_once
from jobs.models import Job, Outbox
from jobs.queues import DEAD, DEFAULT, is_dead_letter

logger = logging.getLogger(__name__)

PROMISES: dict[str, dict[str, float]] = {
    "every_job_starts": {},
    "every_started_job_ends": {},
    "effects_happen_once": {},
    "states_are_legal": {},
    "answers_are_honest": {},
}
# A lost attempt's lease or a lost message's wait, the reaper's round, and the job itself.
RECOVERY_SECONDS = 15

CELERY = {
    "broker_connection_timeout": 2,
    "broker_transport_options": {
        "confirm_publish": True,
        "read_timeout": 2,
        "write_timeout": 2,
    },
    "task_queues": [DEFAULT, DEAD],
    "task_default_exchange_type": "topic",
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    # Above the longest job and far below the broker's 30 minutes for an acknowledgement.
    "task_soft_time_limit": 90,
    "task_time_limit": 120,
    "task_publish_retry_policy": {"max_retries": 2, "interval_max": 0.2},
    "broker_native_delayed_delivery_queue_type": "classic",
    "redis_socket_timeout": 5,
    "redis_socket_connect_timeout": 2,
}

# The database is away: try again after up to 1, 2, 4, 8, 8, 8 s; then the reaper will.
RETRY = {
    "autoretry_for": (OperationalError, InterfaceError),
    "retry_backoff": 1,
    "retry_backoff_max": 8,
    "retry_jitter": True,
    "retry_kwargs": {"max_retries": 6},
}

LEASE_SECONDS = 6  # renewed every 2 s
RESEND_SECONDS = 10  # how long a message may wait for a worker before it is sent again
MAX_ATTEMPTS = 8  # more than a job needs whose workers die, fewer than for ever
POLL_SECONDS = 0.1
REAP_SECONDS = 1.0
# While a service was away, leases could not be renewed: give them this time first.
GRACE_SECONDS = 3.0
REAPER_LOCK = 2016  # any number of our own; the migrations have another


def create(fields: dict[str, Any]) -> tuple[Job, bool]:
    """Store job, key and message in one transaction."""
    return create_once(fields)


def saved(job: Job, created: bool) -> None:
    """Owe the broker a message for a new job."""
    if created:
        Outbox.objects.create(job=job)


def perform(task: Task, job_id: int) -> None:
    """Run the job, unless it has ended or somebody else runs it."""
    with about_job(job_id):
        if is_dead_letter(task):
            attempts.give_up(job_id)
            return
        # A message that comes back, or that a retry sent, is the last attempt's own: it
        # is gone, or cut off from the broker. A second message by the relay is not.
        request = task.request
        again = bool(request.delivery_info["redelivered"] or request.retries)
        job = attempts.begin(job_id, take_over=again, lease_seconds=LEASE_SECONDS)
        if job is None:
            return
        with attempts.leased(job, LEASE_SECONDS):
            try:
                result = bodies.run(job.id, job.type, job.argument)
            except Exception:  # whatever a body raises is its job's own failure
                logger.exception("the job's body failed")
                attempts.fail(job)
            else:
                attempts.finish(job, result)


def background() -> Iterator[float]:
    """Relay and reap. Any error ends it, and `manage.py relay` begins it anew."""
    next_reap = monotonic() + GRACE_SECONDS
    # Not from Celery's pool: this one can be dropped without a word, where a polite
    # close would wait for an answer that a silent broker never gives.
    broker = app.connection_for_write()
    try:
        broker.ensure_connection(max_retries=1, interval_start=0.1, interval_step=0)
        while True:
            if monotonic() > next_reap:
                reap()
                next_reap = monotonic() + REAP_SECONDS
            yield 0 if relay(broker) else POLL_SECONDS
    finally:
        if broker.connected:
            broker.connection.collect()


def relay(broker: Connection) -> bool:
    """Publish the oldest message that is owed; False if there is none.

    Published before it is marked, so a crash between the two repeats it. Several relays
    may run: one locks the row that it publishes, and the others skip it.
    """
    with transaction.atomic():
        message = (
            Outbox.objects.filter(sent_at=None)
            .select_related("job")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("id")
            .first()
        )
        if message is None:
            return False
        # No retry: Celery's own would publish again on a connection that may have
        # delivered. The row stays owed, and the next round is the retry.
        message.job.task.apply_async(
            kwargs={"job_id": message.job_id}, connection=broker, retry=False
        )
        message.sent_at = Now()
        message.save(update_fields=["sent_at"])
    return True


def reap() -> None:
    """Owe a message again for each job that its attempt or its message has left."""
    with transaction.atomic():
        if not _is_only_reaper():
            return
        for job in lapsed().select_for_update(skip_locked=True):
            logger.warning("the lease of job %s ran out", job.id)
            if job.attempt >= MAX_ATTEMPTS:
                attempts.give_up(job.id)
            else:
                attempts.put_back(job)
                Outbox.objects.create(job=job)
        for job in forgotten():
            logger.warning("job %s has waited for long, sent again", job.id)
            Outbox.objects.create(job=job)


def lapsed() -> QuerySet[Job]:
    """Give the jobs whose attempt has not renewed its lease."""
    return Job.objects.filter(status=Job.Status.STARTED, leased_until__lt=Now())


def forgotten() -> QuerySet[Job]:
    """Give the jobs that wait for a worker, with no message owed, for suspiciously long.

    The broker may have lost the message; or the workers are only busy, so each message
    adds to the time that is suspicious.
    """
    patience = ExpressionWrapper(
        Value(timedelta(seconds=RESEND_SECONDS)) * F("sent"),
        output_field=DurationField(),
    )
    return (
        Job.objects.filter(status=Job.Status.PENDING)
        .annotate(
            sent=Count("messages"),
            owed=Count("messages", filter=Q(messages__sent_at=None)),
            last=Max("messages__sent_at", default=F("created_at")),
        )
        .filter(owed=0, last__lt=Now() - patience)
    )


def _is_only_reaper() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [REAPER_LOCK])
        return bool(cursor.fetchone()[0])
