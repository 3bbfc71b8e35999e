"""The tables. Job and Effect are for all designs, the others for some of them."""

from typing import Any

from celery.contrib.django.task import DjangoTask
from django.db import models

import designs


class Job(models.Model):
    """A piece of work that a client asked for, and what became of it."""

    class Type(models.TextChoices):
        """What a job computes; see jobs/bodies.py."""

        FIBONACCI = "fibonacci"
        POWER = "power"
        SLEEP = "sleep"

    class Status(models.TextChoices):
        """pending -> started -> finished or failed; the last two never change again."""

        PENDING = "pending"
        STARTED = "started"
        FINISHED = "finished"
        FAILED = "failed"

    type = models.CharField(choices=Type, max_length=20)
    status = models.CharField(choices=Status, max_length=20, default=Status.PENDING)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    argument = models.BigIntegerField()
    result = models.BigIntegerField(null=True)
    # The client's own name for what it asks, so that a lost answer can be found again.
    # Not unique here: a design that promises one job per key uses SubmissionKey.
    key = models.CharField(  # noqa: DJ001 - no key is not the empty key
        max_length=100, null=True, db_index=True
    )
    # Which attempt owns the job. A write that names an older one changes nothing, so a
    # worker that was taken for dead cannot overwrite its successor (a fencing token).
    attempt = models.PositiveIntegerField(default=0)
    # Until when the owner is believed to be alive, where a design keeps leases.
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                "status",
                name="job_open",
                condition=models.Q(status__in=("pending", "started")),
            ),
        )

    def __str__(self) -> str:
        return f"job {self.pk}: {self.type}({self.argument}), {self.status}"

    @property
    def task(self) -> DjangoTask:
        """The Celery task for this type of job."""
        from jobs.tasks import TASK_MAPPING  # the tasks import the models

        task: DjangoTask = TASK_MAPPING[self.type]
        return task

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row and tell the design, which may hand the job to Celery."""
        created = self._state.adding
        super().save(*args, **kwargs)
        designs.current().saved(self, created)


class Effect(models.Model):
    """What a job did in the outside world: a mail sent, a card charged.

    One row for each time that it happened, so a job that ran twice may have two.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="effects")
    created_at = models.DateTimeField(auto_now_add=True)
    # A design that wants it to happen once writes the job's id here as well: the second
    # row is then refused. Most outside services take such an idempotency key.
    once_for = models.BigIntegerField(null=True, unique=True)

    def __str__(self) -> str:
        return f"effect of job {self.job_id}"


class SubmissionKey(models.Model):
    """A key that belongs to one job, for the designs that promise one job per key."""

    key = models.CharField(max_length=100, primary_key=True)
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="claim")

    def __str__(self) -> str:
        return self.key


class Outbox(models.Model):
    """A message that is owed to the broker, written in the transaction of its job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="messages")
    created_at = models.DateTimeField(auto_now_add=True)
    # When the broker confirmed that it has the message; null while it is still owed.
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                "id", name="outbox_unsent", condition=models.Q(sent_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"message for job {self.job_id}, {'sent' if self.sent_at else 'owed'}"
