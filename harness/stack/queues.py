"""A lane's job queues, and the messages that wait in them.

It exists so that faults can do to a queue, and to what waits in it, what happens to
them in production: a queue is deleted, a message comes twice, or comes with a body that
nobody can read. All of it goes by the management API, which needs no connection that
the lane would notice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from harness.stack.lane import Lane
from harness.stack.ledgers.broker import OURS

# A queue of ours, for a moment: on it a policy is tried.
TRIAL = f"{OURS}trial"
# What RabbitMQ's management API writes where a header is null. It takes no null, so
# that such a header must be left out; to Celery that is the same.
_NO_VALUE = "undefined"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueue:
    """A queue that workers take jobs from. `consumers` names each by its channel."""

    name: str
    ready: int
    consumers: frozenset[str]

    @property
    def sentence(self) -> str:
        """Say it for a reader: "celery: 3 ready, 2 consumers"."""
        return f"{self.name}: {self.ready} ready, {len(self.consumers)} consumers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A task's message: `properties` as AMQP has them, `payload` in base64."""

    properties: dict[str, Any]
    payload: str

    @property
    def task(self) -> str:
        """Return the id of the task that it asks for."""
        return self.header("id")

    def header(self, name: str) -> str:
        """Return one of its headers."""
        return str(self.properties["headers"][name])

    def with_header(self, name: str, value: str) -> "Message":
        """Return the same message but for one header."""
        headers = {**self.properties["headers"], name: value}
        return replace(self, properties={**self.properties, "headers": headers})


_EMPTY = Message(properties={}, payload="")


def job_queues(lane: Lane) -> tuple[JobQueue, ...]:
    """Return the lane's job queues, now. Raises StackLost."""
    channels = lane.broker.channels(lane.id)
    return tuple(
        JobQueue(
            name=seen.queue,
            ready=seen.ready,
            consumers=frozenset(channels.get(seen.queue, ())),
        )
        for seen in lane.broker.queues(lane.id)
        if not seen.dead_letters
    )


def take(lane: Lane, queue: str, count: int) -> list[Message]:
    """Take up to `count` messages that wait out of the queue, oldest first."""
    answer = lane.broker.call(
        "POST",
        f"queues/{_vhost(lane)}/{quote(queue, safe='')}/get",
        {"count": count, "ackmode": "ack_requeue_false", "encoding": "base64"},
    )
    return [
        Message(properties=_with_values(each["properties"]), payload=each["payload"])
        for each in answer.json()
    ]


def put(lane: Lane, queue: str, messages: Sequence[Message]) -> None:
    """Put messages into the queue, one after the other."""
    for message in messages:
        _publish(lane, queue, message, may_be_refused=False)


def delete(lane: Lane, queue: str) -> None:
    """Delete the queue with all that is in it."""
    lane.broker.call("DELETE", _path(lane, queue), may_be_gone=True)


def holds(lane: Lane, count: int, *, of: str) -> int:
    """Return how many of `count` messages a new queue holds, of the same kind as `of`.

    The new queue is TRIAL, and is deleted.
    """
    kind = lane.broker.call("GET", f"{_path(lane, of)}?disable_stats=true").json()
    delete(lane, TRIAL)
    lane.broker.call(
        "PUT",
        _path(lane, TRIAL),
        {"durable": True, "arguments": {"x-queue-type": kind["type"]}},
    )
    try:
        for _ in range(count):
            _publish(lane, TRIAL, _EMPTY, may_be_refused=True)
        return len(take(lane, TRIAL, count))
    finally:
        delete(lane, TRIAL)


def _publish(lane: Lane, queue: str, message: Message, *, may_be_refused: bool) -> None:
    lane.broker.call(
        "POST",
        f"exchanges/{_vhost(lane)}/amq.default/publish",
        {
            "routing_key": queue,
            "properties": message.properties,
            "payload": message.payload,
            "payload_encoding": "base64",
        },
        may_be_refused=may_be_refused,
    )


def _with_values(properties: Any) -> dict[str, Any]:
    """Leave out the headers that are null. What has no members comes as a list."""
    its = dict(properties)
    its["headers"] = {
        name: value
        for name, value in dict(its.get("headers", {})).items()
        if value != _NO_VALUE and not (isinstance(value, list) and _NO_VALUE in value)
    }
    return its


def _path(lane: Lane, queue: str) -> str:
    return f"queues/{_vhost(lane)}/{quote(queue, safe='')}"


def _vhost(lane: Lane) -> str:
    return quote(lane.id, safe="")
