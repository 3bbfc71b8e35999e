"""The design that loses no job and lets none have its effect twice.

What it does: the database owns the job, and a message is only a hint that there is
something to do. Creating a job writes a row into the outbox in the same transaction, so
there is no job without a message and no message without a job. The relay publishes what
is owed and marks it once the broker has confirmed; a crash between the two repeats a
message and loses none. A repeated message finds a job that is not `pending`, and is
turned away. An attempt writes result, state and effect in one transaction, under a
number of its own (jobs/attempts.py), and renews a lease on the job while it runs. The
relay also reaps: it owes a new message for a job whose lease ran out, or whose message
is gone. So a dead letter fails its job only if it was delivered too often; one that a
full queue dropped, or that Celery rejected, is no fault of the job.

What it promises: everything, except that a body is entered only once. When a connection
breaks, nobody can know whether the worker at its other end still runs. A request waits
for Postgres and nothing else, so no client waits for a broker that is away; and the
reaper's rounds bound how long a job can lie forgotten once all is well again.

The settings that matter: `confirm_publish` together with `read_timeout` and
`write_timeout`, now for the relay, which marks nothing as sent that the broker has not
confirmed. `task_reject_on_worker_lost` brings back the message of a killed attempt at
once, where the reaper would have to wait for its lease. `task_acks_on_failure` is on
again: a task that fails for good is no reason to fail its job, for the reaper will send
another, as long as the database may be away. And `synchronous_commit`, which a server
may have off: all of this rests on commits that no crash takes back.

What breaks it: no relay is running, then jobs stay `pending` until there is one. Or a
body acts on the outside world by itself, out of our transaction's reach: give the job's
id to such a service, as the idempotency key that most of them accept. Or Postgres falls
silent in the middle of a request: a query has no limit on the client's side.

When it is right: whenever a lost or doubled job costs more than running the relay, and
more than the tenth of a second that its polling adds.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic
from typing import Any

from celery import Task
from django.db import connection, transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from kombu import Producer
from kombu.transport.base import StdChannel

from config.celery import app
from jobs import attempts, bodies
from jobs.keys import create_once
from jobs.models import Job, Outbox
from jobs.queues import (
    DATABASE_AWAY,
    DEAD,
    DEFAULT,
    is_dead_letter,
    is_redelivered,
    retried_for_ever,
    waiting_messages,
    was_only_dropped,
)

logger = logging.getLogger(__name__)

PROMISES: dict[str, dict[str, float]] = {
    "every_job_starts": {},
    "every_started_job_ends": {},
    "effects_happen_once": {},
    "states_are_legal": {},
    "state_tells_the_truth": {},
    "answers_are_honest": {},
    # A request asks only Postgres: 3 s to connect or 2 s for a lock, as long before
    # that for a thread, and time to work.
    "answers_in_time": {"within_seconds": 10},
    # A worker tries its broker again after up to 12 s; then RECOVERY_SECONDS, and as
    # long again to work off what has come in meanwhile, on a slow machine.
    "recovers_in_time": {"within_seconds": 60},
}
# How long a lost message stays unseen, the reaper's rounds, and time for the job.
RECOVERY_SECONDS = 15

CELERY: dict[str, Any] = {
    "broker_connection_timeout": 2,
    "broker_pool_acquire_timeout": 5,
    "broker_transport_options": {
        "confirm_publish": True,
        "read_timeout": 2,
        "write_timeout": 2,
    },
    "task_publish_retry_policy": {"max_retries": 1, "interval_max": 0.2},
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_acks_on_timeout": False,
    # Above the longest job, far below the broker's 30 minutes to acknowledge.
    "task_soft_time_limit": 90,
    "task_time_limit": 120,
    "task_queues": [DEFAULT, DEAD],
    "task_default_exchange_type": "topic",
    # By default it is exclusive, and locked for a worker that comes back before the
    # broker has missed its old connection, as after a partition: the worker exits.
    "control_queue_exclusive": False,
    "control_queue_durable": True,
    # In these 28 queues retries wait; as quorum queues they would be slow to make.
    "broker_native_delayed_delivery_queue_type": "classic",
}

# A server may be told not to let commits wait for the disk. Ours do: what has happened
# must not be taken back by a crash.
POSTGRES = {"synchronous_commit": "on"}

# The database is away: try again after up to 1, 2, 4, 4, ... s, for half a minute.
RETRY = {
    "autoretry_for": DATABASE_AWAY,
    "retry_backoff": 1,
    "retry_backoff_max": 4,
    "retry_jitter": True,
    "retry_kwargs": {"max_retries": 12},  # then the reaper will
}

LEASE_SECONDS = 6  # renewed every 2 s
RESEND_SECONDS = 8  # how long a job may wait, though its queue is empty
# More than a job needs whose workers die, fewer than for ever. The retries of one
# message use up to 13, where the database takes an attempt's beginning and not its end.
MAX_ATTEMPTS = 60
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
    if is_dead_letter(task):
        if not was_only_dropped(task):
            with retried_for_ever(task):
                attempts.fail_dead_letter(job_id)
        return
    # A message that comes back, or that a retry sent, is the last attempt's own: that
    # one is gone, or cut off from the broker. A second message for the job is not.
    again = is_redelivered(task) or task.request.retries > 0
    job = attempts.begin(job_id, take_over=again, lease_seconds=LEASE_SECONDS)
    if job is None:
        return
    try:
        with attempts.leased(job, LEASE_SECONDS):
            result = bodies.run(job.id, job.type, job.argument)
    except Exception:  # whatever a body raises is its own job's failure
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
        broker.ensure_connection(max_retries=1, interval_start=0)
        producer = app.amqp.Producer(broker)
        while True:
            if monotonic() > next_reap:
                reap(broker.default_channel)
                next_reap = monotonic() + REAP_SECONDS
            yield 0 if relay(producer) else POLL_SECONDS
    finally:
        if broker.connected:
            broker.connection.collect()


def relay(producer: Producer) -> bool:
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
        # Without Celery's retry, which may send a second copy of what has arrived: the
        # row stays owed if this fails, and the next round tries again.
        message.job.task.apply_async(
            kwargs={"job_id": message.job_id}, producer=producer, retry=False
        )
        message.sent_at = Now()
        message.save(update_fields=["sent_at"])
    return True


def reap(channel: StdChannel) -> None:
    """Owe a message again for each job that its attempt or its message has left."""
    with transaction.atomic():
        if not _is_only_reaper():
            return
        for job in lapsed().select_for_update(skip_locked=True):
            logger.warning("its lease ran out", extra={"job_id": job.id})
            if job.attempt >= MAX_ATTEMPTS:
                attempts.give_up(job.id)
            else:
                attempts.put_back(job)
                Outbox.objects.create(job=job)
        # A queue keeps its order: where messages wait, none is lost that no later one
        # has overtaken.
        lost = overtaken() if waiting_messages(channel) else forgotten()
        for job in lost:
            logger.warning("its message was lost", extra={"job_id": job.id})
            Outbox.objects.create(job=job)


def lapsed() -> QuerySet[Job]:
    """Give the jobs whose attempt has not renewed its lease."""
    return Job.objects.filter(status=Job.Status.STARTED, leased_until__lt=Now())


def forgotten() -> QuerySet[Job]:
    """Give the jobs that wait for a worker, long after their last message was sent."""
    return _waiting_since(Now() - timedelta(seconds=RESEND_SECONDS))


def overtaken() -> QuerySet[Job]:
    """Give those of them that a message overtook which was sent much later.

    One that is alone: which of a job's several messages was taken, nobody knows. And
    one that was taken a while ago: until then, a job's own may wait for its retry.
    """
    another = Outbox.objects.filter(job=OuterRef("job")).exclude(id=OuterRef("id"))
    newest = (
        Outbox.objects.exclude(sent_at=None)
        .exclude(job__status=Job.Status.PENDING)
        .exclude(Exists(another))
        .filter(job__updated_at__lt=Now() - timedelta(seconds=RESEND_SECONDS))
        .order_by("-id")
        .values_list("sent_at", flat=True)
        .first()
    )
    if newest is None:
        return Job.objects.none()
    return _waiting_since(newest - timedelta(seconds=RESEND_SECONDS))


def _waiting_since(moment: Any) -> QuerySet[Job]:
    """Give the pending jobs that are owed nothing, and whose last message was sent
    before this moment.
    """
    return (
        Job.objects.filter(status=Job.Status.PENDING)
        .annotate(
            owed=Count("messages", filter=Q(messages__sent_at=None)),
            sent_at=Max("messages__sent_at", default=F("created_at")),
        )
        .filter(owed=0, sent_at__lt=moment)
    )


def _is_only_reaper() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [REAPER_LOCK])
        return bool(cursor.fetchone()[0])
