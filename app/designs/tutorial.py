"""The design of the 2015 tutorial, kept as it was. It promises nothing.

What it does: saving a job that is pending publishes its task, from inside `save()`. The
worker loads the job, marks it `started`, runs the body and writes the result. Whatever
goes wrong on the way, a bare `except` marks the job `failed`. A message is acknowledged
late: after its task has returned.

The settings that matter: `task_acks_late` lets a message outlive a killed worker, so a
job may run twice. `broker_pool_limit = 1` makes all threads of a web process share one
connection: while one of them waits for a dead broker, the others stand in line. And
messages are published without confirmation, which is Celery's default: "sent" means
written to a socket, no more.

What breaks it:
- A broker that refuses: the row is saved, then publishing fails. The client reads 500,
  and the job stays `pending` for ever.
- A broker that has gone silent: the message disappears in a socket buffer. The client
  reads 201, and the job stays `pending` for ever.
- A worker or a connection that dies: the message comes back, and the job runs again, or
  even beside its first run, with its effect twice.
- A database that is away for a moment: the task fails, its message is acknowledged, and
  the row stays as it was; or the `except` writes `failed` over work that was done.
- A pool child that is killed: Celery acknowledges its message, the row stays `started`.

When it is right: a prototype, where a lost job is noticed by whoever sent it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from celery import Task
from kombu import Exchange, Queue

from jobs import bodies
from jobs.models import Effect, Job

PROMISES: dict[str, dict[str, float]] = {}

# The settings of 2015, under today's names; README has the table old -> new.
CELERY = {
    "broker_pool_limit": 1,
    "broker_connection_timeout": 10,
    "task_acks_late": True,
    "task_publish_retry": True,
    "task_queues": [Queue("default", Exchange("default"), routing_key="default")],
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 1000,
    "worker_disable_rate_limits": False,
    "redis_max_connections": 1,
}


def create(fields: dict[str, Any]) -> tuple[Job, bool]:
    """Save the job; a key that was used before makes a second one."""
    return Job.objects.create(**fields), True


def saved(job: Job, created: bool) -> None:
    """Schedule the job if it is pending."""
    if job.status == Job.Status.PENDING:
        job.task.delay(job_id=job.id)


def update_job(body: Callable[[Job], int]) -> Callable[[Task, int], None]:
    """Write what becomes of the job around its body."""

    @wraps(body)
    def wrapper(task: Task, job_id: int) -> None:
        job = Job.objects.get(id=job_id)
        job.status = Job.Status.STARTED
        job.save()
        try:
            job.result = body(job)
            job.status = Job.Status.FINISHED
            job.save()
        except:  # noqa: E722 - the tutorial's own: it also eats what it cannot handle
            job.result = None
            job.status = Job.Status.FAILED
            job.save()

    return wrapper


@update_job
def perform(job: Job) -> int:
    """Run the body, then let it have its effect."""
    result = bodies.run(job.id, job.type, job.argument)
    Effect.objects.create(job=job)
    return result
