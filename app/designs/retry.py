"""The design that tries again, as most do after an outage. It promises nothing.

What it does: what early_ack does, and a task that finds the database away is retried 20
seconds later, as Celery's own manual shows it: `autoretry_for` with a countdown. A task
that takes longer than its time limit is stopped, and its job is failed.

The settings that matter: `countdown`. There is no queue for what is to be done later:
the message is published at once, and the worker that gets it keeps it until its time
has come. `task_soft_time_limit` raises an error inside the task, which ends it as any
other error does; `task_time_limit` kills the child of one that does not listen.

What breaks it:
- A worker or a pool child that dies: what it was running is lost, and the job stays
  `started` for ever, as in early_ack. What the worker keeps for later comes back.
- Retries themselves, on a classic queue of RabbitMQ 4 with kombu 5.7: as many of them
  as the worker may hold messages, here two, and it takes nothing else until the first
  of them is due. Before 5.7 kombu let the worker hold more meanwhile.
- A broker that the worker loses for a moment: up to Celery 5.6 it forgets the time
  limits of what runs. And what it gets next may stand in line behind a busy child,
  while another is free; 5.7 looks who is busy.
- A database that goes away between effect and result: the retry has the effect again.
  One that is away for longer than five retries last, 100 s: the job stays as it was.
- A broker that refuses or is silent, and a transaction that is rolled back: as in
  early_ack.

When it is right: work that may be lost or repeated, and may wait. Where it may not,
requeue lets retries wait in the broker.
"""

import logging
from typing import Any

from celery import Task
from django.db import InterfaceError, OperationalError

from jobs import bodies
from jobs.models import Effect, Job

logger = logging.getLogger(__name__)

PROMISES: dict[str, dict[str, float]] = {}

CELERY: dict[str, Any] = {
    # Above what any job should take: one that takes longer has hung.
    "task_soft_time_limit": 20,
    "task_time_limit": 25,
}

RETRY = {
    "autoretry_for": (OperationalError, InterfaceError),
    "retry_kwargs": {"max_retries": 5, "countdown": 20},
}


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
    except Exception:  # whatever a body raises, running out of time too, is its failure
        logger.exception("the job's body failed")
        job.status = Job.Status.FAILED
    else:
        Effect.objects.create(job=job)
        job.status = Job.Status.FINISHED
    job.save()
