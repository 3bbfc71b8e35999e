"""Tests of designs/outbox.py: nothing owed is lost, whoever dies when."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
import pytest
from django.db import transaction
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import OperationalError

from config.celery import app
from designs import outbox
from jobs import attempts
from jobs.models import Job, Outbox
from jobs.queues import DEFAULT, waiting_messages
from tests.at_once import at_once
from tests.services import Services, eventually
from tests.system import environment, process
from tests.test_attempts import begun

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("database")]


def new_job() -> Job:
    """Submit a job as the API does."""
    return outbox.create({"type": "power", "argument": 8})[0]


def relay_all(broker: Connection) -> int:
    """Relay until nothing is owed; give how many messages that were."""
    producer = app.amqp.Producer(broker)
    sent = 0
    while outbox.relay(producer):
        sent += 1
    return sent


def waiting(broker: Connection) -> int:
    """Count the messages in the queue."""
    return waiting_messages(broker.default_channel)


def long_ago(seconds: float) -> object:
    """Give a time in the past."""
    return timezone.now() - timedelta(seconds=seconds)


@contextmanager
def nobody_can_mark(services: Services) -> Iterator[None]:
    """Let the relay read the outbox, but not write to it, while the block runs."""
    holder = psycopg2.connect(services.database_url("in_process"))
    try:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE jobs_outbox IN SHARE MODE")
        yield
    finally:
        holder.close()


def test_a_job_that_is_not_stored_owes_no_message() -> None:
    """Job and message are written together or not at all."""
    with transaction.atomic():
        new_job()
        assert Outbox.objects.count() == 1
        transaction.set_rollback(True)

    assert not Outbox.objects.exists()


def test_what_is_owed_is_sent_once_and_marked(broker: Connection) -> None:
    """After the relay's round, the queue has the message and the outbox owes none."""
    new_job()

    assert relay_all(broker) == 1
    assert waiting(broker) == 1
    assert not Outbox.objects.filter(sent_at=None).exists()


def test_two_relays_send_nothing_twice(broker: Connection) -> None:
    """Each takes what the other does not have."""
    for _ in range(40):
        new_job()

    def one_relay() -> int:
        with app.connection_for_write() as own:
            return relay_all(own)

    sent = at_once(one_relay, 2)

    assert sum(sent) == 40
    assert waiting(broker) == 40


def test_what_the_broker_does_not_take_stays_owed(broker: Connection) -> None:
    """A connection that breaks under the relay leaves the row as it was."""
    new_job()
    producer = app.amqp.Producer(broker)
    assert producer.channel  # connected, and then cut off
    broker.connection.transport.sock.close()

    with pytest.raises(OperationalError):
        outbox.relay(producer)

    assert Outbox.objects.filter(sent_at=None).count() == 1


def test_a_relay_that_is_killed_before_it_marks_repeats_the_message(
    services: Services, broker: Connection
) -> None:
    """Published, then killed: the row is still owed, and the next relay sends it."""
    new_job()
    relay = ("manage", "relay")
    env = environment(services, "in_process", "outbox")
    with nobody_can_mark(services), process(*relay, env=env) as killed:
        eventually(lambda: waiting(broker) == 1)
        killed.kill()
        killed.wait()
    assert Outbox.objects.filter(sent_at=None).count() == 1

    with process(*relay, env=env):
        eventually(lambda: not Outbox.objects.filter(sent_at=None).exists())

    assert waiting(broker) == 2


def test_the_relay_stops_when_it_is_told_to(services: Services) -> None:
    """SIGTERM ends it within a second or two, with a good conscience."""
    env = environment(services, "in_process", "outbox")
    new_job()
    with process("manage", "relay", env=env) as relay:
        eventually(lambda: not Outbox.objects.filter(sent_at=None).exists())
        relay.send_signal(signal.SIGTERM)

        assert relay.wait(3) == 0


def test_a_repeated_message_does_not_run_the_job_again() -> None:
    """The second of two messages finds the job taken, then ended."""
    job = new_job()
    first = attempts.begin(job.id, take_over=False, lease_seconds=60)
    assert first

    assert attempts.begin(job.id, take_over=False) is None
    attempts.finish(first, 256)
    assert attempts.begin(job.id, take_over=False) is None


def test_a_job_whose_lease_ran_out_is_owed_again(broker: Connection) -> None:
    """The reaper puts it back, and the slow attempt that comes after it is too late."""
    job = new_job()
    relay_all(broker)
    slow = begun(job, lease_seconds=60)
    Job.objects.update(leased_until=long_ago(1))

    outbox.reap(broker.default_channel)

    assert relay_all(broker) == 1
    assert not attempts.finish(slow, 256)
    job.refresh_from_db()
    assert job.status == "pending"
    assert attempts.finish(begun(job), 256)
    assert job.effects.count() == 1


def test_a_slow_attempt_that_is_first_leaves_nothing_to_reap(
    broker: Connection,
) -> None:
    """Reaper and attempt race for the row, and whoever is second changes nothing."""
    job = new_job()
    relay_all(broker)
    slow = begun(job, lease_seconds=60)
    Job.objects.update(leased_until=long_ago(1))
    attempts.finish(slow, 256)

    outbox.reap(broker.default_channel)

    job.refresh_from_db()
    assert job.status == "finished"
    assert relay_all(broker) == 0


def test_a_job_with_a_lease_is_left_alone(broker: Connection) -> None:
    """Whoever renews the lease keeps the job, however long it takes."""
    begun(new_job(), lease_seconds=60)
    relay_all(broker)

    outbox.reap(broker.default_channel)

    assert relay_all(broker) == 0


def test_a_job_that_every_attempt_leaves_fails_in_the_end(broker: Connection) -> None:
    """Attempts are bounded: the last one's lapse is the job's end."""
    job = new_job()
    begun(job)
    Job.objects.update(attempt=outbox.MAX_ATTEMPTS, leased_until=long_ago(1))

    outbox.reap(broker.default_channel)

    job.refresh_from_db()
    assert job.status == "failed"


def test_a_message_that_the_broker_lost_is_owed_again(broker: Connection) -> None:
    """A job that waits for long, though its queue is empty, has lost its message."""
    new_job()
    relay_all(broker)
    Outbox.objects.update(sent_at=long_ago(outbox.RESEND_SECONDS + 1))

    outbox.reap(broker.default_channel)
    assert relay_all(broker) == 0  # its message is still in the queue

    DEFAULT(broker.default_channel).purge()
    outbox.reap(broker.default_channel)
    assert relay_all(broker) == 1
    outbox.reap(broker.default_channel)
    assert relay_all(broker) == 0  # it was sent just now


def test_a_message_that_later_ones_overtook_is_owed_again(broker: Connection) -> None:
    """While others wait in the queue: under load it is never empty."""
    lost = new_job()
    relay_all(broker)
    DEFAULT(broker.default_channel).purge()
    later, waits = new_job(), new_job()
    relay_all(broker)
    Outbox.objects.filter(job=lost).update(sent_at=long_ago(60))
    Outbox.objects.exclude(job=lost).update(
        sent_at=long_ago(60 - outbox.RESEND_SECONDS - 1)
    )
    outbox.reap(broker.default_channel)
    assert relay_all(broker) == 0  # nobody has taken a later one

    begun(later)
    outbox.reap(broker.default_channel)
    assert relay_all(broker) == 0  # it was taken just now

    Job.objects.update(updated_at=long_ago(outbox.RESEND_SECONDS + 1))
    outbox.reap(broker.default_channel)
    assert [each.job_id for each in Outbox.objects.filter(sent_at=None)] == [lost.id]
    assert waits.messages.count() == 1


def test_a_job_with_several_messages_overtakes_nobody(broker: Connection) -> None:
    """It may have been the first of them that was taken, and not the one sent later."""
    new_job()
    several = new_job()
    relay_all(broker)
    Outbox.objects.update(sent_at=long_ago(60))
    Outbox.objects.create(job=several, sent_at=timezone.now())
    begun(several)
    Job.objects.update(updated_at=long_ago(outbox.RESEND_SECONDS + 1))

    outbox.reap(broker.default_channel)

    assert relay_all(broker) == 0


def test_a_job_that_was_never_owed_a_message_is_found(broker: Connection) -> None:
    """A row that somebody made without an outbox does not wait for ever."""
    new_job()
    Outbox.objects.all().delete()
    Job.objects.update(created_at=long_ago(outbox.RESEND_SECONDS + 1))

    outbox.reap(broker.default_channel)

    assert relay_all(broker) == 1


def test_a_queue_that_somebody_deleted_comes_back(broker: Connection) -> None:
    """The reaper declares the queue; without it, messages would go nowhere."""
    new_job()
    relay_all(broker)
    DEFAULT(broker.default_channel).delete()
    Outbox.objects.update(sent_at=long_ago(outbox.RESEND_SECONDS + 1))

    outbox.reap(broker.default_channel)

    assert relay_all(broker) == 1
    assert waiting(broker) == 1
