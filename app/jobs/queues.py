"""Queues for designs that retry: a limit to deliveries, and a place for dead letters.

A quorum queue counts how often it delivered a message. One that came back too often,
because it kills each child that runs it, moves to the queue `dead`. Workers take from
both; what arrives by `dead` is not run again but fails its job (`is_dead_letter`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Task
from celery.exceptions import Reject
from django.db import InterfaceError, InternalError, OperationalError
from kombu import Exchange, Queue
from kombu.transport.base import StdChannel

# Lost connections count as well as killed children: below this, a broker that comes and
# goes fails healthy jobs; above it, a bad one kills for longer, up to 5 s each time.
DELIVERY_LIMIT = 5
RETRY_SECONDS = 2  # of a dead letter, while the database is away

# What a task is told while the database is away. An InternalError: there is one, but it
# may only be read from, as a replica that a fail-over has not promoted yet.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)

# A topic exchange, because Celery's delayed delivery cannot go through a direct one.
_exchange = Exchange("default", type="topic")

DEFAULT = Queue(
    "default",
    _exchange,
    routing_key="default",
    queue_arguments={
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "default",
        "x-dead-letter-routing-key": "dead",
    },
)
DEAD = Queue(
    "dead",
    _exchange,
    routing_key="dead",
    # Without a limit: what is dropped here, nobody hears of.
    queue_arguments={"x-queue-type": "quorum", "x-delivery-limit": -1},
)


def is_dead_letter(task: Task) -> bool:
    """Say whether the running task's message came by way of the queue `dead`."""
    # A delayed retry has the bits of its delay before the key: 0.0.1.dead
    key: str = _delivery(task)["routing_key"]
    return key.rsplit(".", maxsplit=1)[-1] == DEAD.routing_key


def was_only_dropped(task: Task) -> bool:
    """Say whether the running task's dead letter came there though nobody ran it.

    It was too many for a queue with a limit, too old, or turned away by a worker that
    did not know its task; one that was delivered too often is another matter, and so is
    one that waited for its retry, which expires in a queue of its own.
    """
    died_in: str | None = task.request.get("x-last-death-queue")
    reason: str | None = task.request.get("x-last-death-reason")
    return died_in == DEFAULT.name and reason in ("maxlen", "expired", "rejected")


def is_redelivered(task: Task) -> bool:
    """Say whether the running task's message was with a worker before."""
    return bool(_delivery(task)["redelivered"])


@contextmanager
def retried_for_ever(task: Task) -> Iterator[None]:
    """Retry a dead letter's task as long as the database is away.

    There is no end to it, for nothing comes after this queue, and the retries of the
    message may have been used up before it came here. The queue is named, because
    Celery sends a retry that waits in RabbitMQ to the default queue otherwise. Where
    the retry cannot be published, Celery rejects the message for good; this one stays.
    """
    try:
        yield
    except DATABASE_AWAY as error:
        task.request.retries = 0
        try:
            raise task.retry(exc=error, queue=DEAD.name, countdown=RETRY_SECONDS)
        except Reject:
            raise Reject(error, requeue=True) from error


def waiting_messages(channel: StdChannel) -> int:
    """Count what waits in the queue for a worker.

    Declares the queue on the way, so one that somebody deleted is there again.
    """
    queue = DEFAULT(channel)
    queue.declare()
    declared: Any = queue.queue_declare()
    return int(declared.message_count)


def _delivery(task: Task) -> dict[str, Any]:
    info: Any = task.request.delivery_info
    return dict(info)
