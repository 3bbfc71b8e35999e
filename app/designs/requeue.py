"""The design that tries again, and knows when to stop. What it starts, it ends.

What it does: the message of a killed pool child goes back to its queue, as that of a
killed worker does. A task that finds the database away is retried, later and later.
Both have a limit: a message that was delivered too often, or whose task failed for
good, goes to the dead-letter queue, and whoever takes it from there fails the job.

What it promises: `every_started_job_ends`, as `finished` or `failed`. And like
late_ack, `answers_are_honest`.

The settings that matter: `task_reject_on_worker_lost` brings back the message of a
killed child; on a classic queue one bad job would then kill children for ever. So
`DEFAULT` is a quorum queue, which counts deliveries, and it has a dead-letter queue,
without which RabbitMQ drops a message at the limit and tells nobody (jobs/queues.py).
With `task_acks_on_failure` off, the message of a task that fails for good goes to the
dead-letter queue, too; with `task_acks_on_timeout` off, one that had to be killed for
its time limit comes back and is counted. Retries wait in RabbitMQ and not in the
worker, where they would take the place of other messages: that needs a topic exchange.
And `synchronous_commit`, which a server may have off: a message is acknowledged when
the job's end is committed, and no crash of the database may take that back.

What breaks it:
- A worker or a connection that dies: the message comes back, and the job runs again, or
  even beside its first run, with its effect twice; a job that had ended is reopened.
- A database that goes away between effect and result: the retry has the effect again.
- A broker that refuses or is silent: the client reads 500 and is not deceived, but the
  row is committed, nobody publishes it again, and the job stays `pending` for ever.
- A database that is away for longer than the retries last, half a minute: jobs fail
  that nothing is wrong with.

When it is right: work that may run twice, such as one that computes or overwrites.
"""

import logging
from typing import Any

from celery import Task

from jobs import attempts, bodies
from jobs.models import Effect, Job
from jobs.queues import (
    DATABASE_AWAY,
    DEAD,
    DEFAULT,
    is_dead_letter,
    retried_for_ever,
)

logger = logging.getLogger(__name__)

PROMISES: dict[str, dict[str, float]] = {
    "every_started_job_ends": {},
    "answers_are_honest": {},
}

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
    "task_acks_on_failure": False,
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
    "retry_kwargs": {"max_retries": 12},
}


def create(fields: dict[str, Any]) -> tuple[Job, bool]:
    """Save the job; a key that was used before makes a second one."""
    return Job.objects.create(**fields), True


def saved(job: Job, created: bool) -> None:
    """Publish the task of a new job as soon as the job is committed."""
    if created:
        job.task.delay_on_commit(job_id=job.id)


def perform(task: Task, job_id: int) -> None:
    """Run the job, and write what became of it."""
    if is_dead_letter(task):
        with retried_for_ever(task):
            attempts.fail_dead_letter(job_id)
        return
    job = Job.objects.get(id=job_id)
    job.status = Job.Status.STARTED
    job.save()
    try:
        job.result = bodies.run(job.id, job.type, job.argument)
    except Exception:  # whatever a body raises is its own job's failure
        logger.exception("the job's body failed")
        job.status = Job.Status.FAILED
    else:
        Effect.objects.create(job=job)
        job.status = Job.Status.FINISHED
    job.save()
