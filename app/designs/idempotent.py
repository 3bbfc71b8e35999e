"""The design that runs a job as often as it must, and lets it count once.

What it does: a key belongs to one job, so a client that lost the answer may ask again.
Each attempt has a number, and each change of the row names it: what an older attempt
writes when a newer one has begun changes nothing (jobs/attempts.py). Result, state and
effect are written in one transaction, and a second effect is refused. A repeated
message finds a job that is not `pending`, and is turned away.

What it promises: `effects_happen_once`, `states_are_legal` and `state_tells_the_truth`.
And like requeue, `every_started_job_ends` and `answers_are_honest`.

The settings that matter: none is new. Settings decide how often a job runs; that it
counts once is for the code and the database to see to, whose commits must be on disk.

What breaks it:
- A broker that refuses or is silent: the client reads 500 and is not deceived, but the
  row is committed and its message is not published. A client that asks again with the
  same key has it published; where none does, the job stays `pending` for ever.
- A web process that dies between commit and publish: the same.
- A body that acts on the outside world by itself, out of our transaction's reach: give
  the job's id to such a service, as the idempotency key that most of them accept.
- A database that is away for longer than the retries last, half a minute: jobs fail
  that nothing is wrong with.

When it is right: most projects, as long as clients ask again for what was not
confirmed.
"""

import logging
from typing import Any

from celery import Task

from jobs import attempts, bodies
from jobs.keys import create_once
from jobs.models import Job
from jobs.queues import (
    DATABASE_AWAY,
    DEAD,
    DEFAULT,
    is_dead_letter,
    is_redelivered,
    retried_for_ever,
)

logger = logging.getLogger(__name__)

PROMISES: dict[str, dict[str, float]] = {
    "every_started_job_ends": {},
    "effects_happen_once": {},
    "states_are_legal": {},
    "state_tells_the_truth": {},
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
    """Save the job, or find the one that has its key; publish that if it still waits.

    Whether its message was published before, nobody knows: if so, the second one is
    turned away.
    """
    job, created = create_once(fields)
    if not created and job.status == Job.Status.PENDING:
        job.task.delay_on_commit(job_id=job.id)
    return job, created


def saved(job: Job, created: bool) -> None:
    """Publish the task of a new job as soon as the job is committed."""
    if created:
        job.task.delay_on_commit(job_id=job.id)


def perform(task: Task, job_id: int) -> None:
    """Run the job, unless it has ended or somebody else runs it."""
    if is_dead_letter(task):
        with retried_for_ever(task):
            attempts.fail_dead_letter(job_id)
        return
    # A message that comes back, or that a retry sent, is the last attempt's own: that
    # one is gone, or cut off from the broker. A second message for the job is not.
    again = is_redelivered(task) or task.request.retries > 0
    job = attempts.begin(job_id, take_over=again)
    if job is None:
        return
    try:
        result = bodies.run(job.id, job.type, job.argument)
    except Exception:  # whatever a body raises is its own job's failure
        logger.exception("the job's body failed")
        attempts.fail(job)
    else:
        attempts.finish(job, result)
