"""When each design hands a job over: after its commit or before, and how often."""

import pytest
from django.db import transaction
from kombu import Connection

from designs import Design, early_ack, idempotent, late_ack
from jobs import attempts
from jobs.keys import create_once
from jobs.models import Job
from jobs.queues import waiting_messages

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("database")]

FIELDS = {"type": "power", "argument": 8, "key": "a"}


def waiting(broker: Connection) -> int:
    """Count the messages in the queue."""
    return waiting_messages(broker.default_channel)


@pytest.mark.parametrize(("design", "sent"), [(early_ack, 1), (late_ack, 0)])
def test_a_job_that_is_rolled_back(
    broker: Connection, design: Design, sent: int
) -> None:
    """With early_ack its message is out by then; with late_ack there is none."""
    with transaction.atomic():
        design.saved(Job.objects.create(type="power", argument=8), created=True)
        transaction.set_rollback(True)

    assert waiting(broker) == sent


def test_a_job_that_is_saved_again_is_not_published_again(broker: Connection) -> None:
    """Only a new job is handed over; the tutorial would publish any that is pending."""
    job = Job.objects.create(type="power", argument=8)

    late_ack.saved(job, created=False)

    assert waiting(broker) == 0


def test_a_key_that_was_stored_and_never_published(broker: Connection) -> None:
    """With idempotent, a client that asks again has its job published."""
    job, _ = create_once(FIELDS)  # committed, and then the publish failed

    assert idempotent.create(FIELDS) == (job, False)
    assert waiting(broker) == 1


def test_a_key_whose_job_has_begun_is_not_published_again(broker: Connection) -> None:
    """Whoever runs the job has its message; when it has ended, none is needed."""
    job, _ = create_once(FIELDS)
    attempt = attempts.begin(job.id, take_over=False)
    assert attempt
    idempotent.create(FIELDS)
    attempts.finish(attempt, 256)
    idempotent.create(FIELDS)

    assert waiting(broker) == 0
