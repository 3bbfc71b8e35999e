"""The Celery tasks, one for each type of job, in both of Celery's styles.

They hold no logic: what happens around a job's body is the design's `perform`. A task
takes the job's id and nothing else; all that it needs is in the row.
"""

from celery import Task, shared_task
from celery.contrib.django.task import DjangoTask

import designs
from config.celery import app

design = designs.current()
# How a failed task is retried must be known when it is made, so it is no setting.
RETRY = getattr(design, "RETRY", {})


@shared_task(bind=True, **RETRY)
def power(self: Task, job_id: int) -> None:
    """Run a job of type power."""
    design.perform(self, job_id)


@shared_task(bind=True, **RETRY)
def sleep(self: Task, job_id: int) -> None:
    """Run a job of type sleep."""
    design.perform(self, job_id)


class Fibonacci(DjangoTask):
    """Run a job of type fibonacci. The same as the two above, as a class."""

    name = "jobs.tasks.fibonacci"

    def run(self, job_id: int) -> None:
        """Do what a decorated task's function does."""
        design.perform(self, job_id)


fibonacci = app.register_task(Fibonacci(), **RETRY)

TASK_MAPPING = {"power": power, "fibonacci": fibonacci, "sleep": sleep}
