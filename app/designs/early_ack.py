"""The design that most projects have: Celery as it comes. It promises nothing.

What it does: saving a new job publishes its task at once. The worker acknowledges the
message as it starts the task, so the broker forgets it there and then. The task marks
the job `started`, runs the body, has the effect and writes the result. Unlike the
tutorial's bare `except`, this one catches what the body raises and nothing else.

The settings that matter: none is set. Celery acknowledges early by default, so that no
job runs twice; and it publishes without confirmation. It keeps each task's result in
Redis, which here nobody asks for: the tutorial's `task_ignore_result` is undone.

What breaks it:
- A worker or a pool child that dies: what it was running is lost, and the job stays
  `started` for ever. Only messages that it had not begun come back.
- A database that is away for a moment: the task fails, its message is gone already, and
  the row stays as it was.
- A broker that refuses: the row is saved, then publishing fails. The client reads 500,
  and the job stays `pending` for ever.
- A broker that has gone silent: the message disappears in a socket buffer. The client
  reads 201, and the job stays `pending` for ever.
- A Redis that is away: before it publishes, web subscribes to the task's result, and
  tries that for 20 s, while its threads run out. A task that ends then has its effect
  and its row written, and its result is lost: who waits for the task waits for ever.
- A connection that dies: an acknowledgement may be lost with it. Then even here a job
  runs twice, with its effect twice.
- A caller that saves the job in a transaction and rolls it back: the message is out by
  then, and a worker looks for a row that never was.

When it is right: work that may be lost and must not run twice, such as a notification
that is worth nothing a minute later.
"""

import logging
from typing import Any

from celery import Task

from jobs import bodies
from jobs.models import Effect, Job

logger = logging.getLogger(__name__)

PROMISES: dict[str, dict[str, float]] = {}

CELERY: dict[str, Any] = {"task_ignore_result": False}


def create(fields: dict[str, Any]) -> tuple[Job, bool]:
    """Save the job; a key that was used before makes a second one."""
    return Job.objects.create(**fields), True


def saved(job: Job, created: bool) -> None:
    """Publish the task of a new job."""
    if created:
        job.task.delay(job_id=job.id)


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
