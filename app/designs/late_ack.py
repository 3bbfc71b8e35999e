"""The design that lets a message outlive its worker. It lies to no client.

What it does: the message is published once the job is committed, and the client reads
201 only if the broker has confirmed it. The worker acknowledges the message when its
task has returned, so what a dead worker held is delivered again, to whoever is there.

What it promises: `answers_are_honest`. No message is published for a row that is rolled
back, so no body runs for a job that does not exist.

The settings that matter: `confirm_publish` together with `read_timeout` and
`write_timeout`. A message that is not confirmed may be lost; and a confirmation that a
silent broker never sends would be awaited for ever. Waiting for a connection ends, too:
for a new one, and for one of Celery's pool. `task_publish_retry_policy` is short, since
each try may cost these time-outs, and may leave one more copy of the message. And with
`task_acks_late` a task may run again, so it must be one that may.

What breaks it:
- A pool child that is killed: the worker itself is alive, and Celery acknowledges the
  message of a task whose child has died. The job stays `started` for ever.
- A database that is away for a moment: the task fails, Celery acknowledges its message,
  and the row stays as it was.
- A broker that refuses or is silent: the client reads 500 and is not deceived, but the
  row is committed, nobody publishes it again, and the job stays `pending` for ever.
  While the broker is silent, each request holds a thread of web for up to 8 seconds.
- A worker or a connection that dies: the message comes back, and the job runs again, or
  even beside its first run, with its effect twice; a job that had ended is reopened.

When it is right: work that may run twice, on workers that are replaced as a whole and
seldom killed in part.
"""

import logging
from typing import Any

from celery import Task

from jobs import bodies
from jobs.models import Effect, Job

logger = logging.getLogger(__name__)

PROMISES: dict[str, dict[str, float]] = {
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
