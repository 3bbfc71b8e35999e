"""`ack_timeout`: what a worker has must be acknowledged within so many seconds. If one
message is not, the broker closes the worker's channel and takes back all that it has
(`failures.md` CON-04). RabbitMQ's default is 30 minutes.

By a policy on the lane's vhost. RabbitMQ documents one minute as the least and looks
once a minute; both are settings, and compose.yaml has it look every other second.
"""

import json
from functools import partial

from harness.conditions import Condition
from harness.faults.arguments import check_range
from harness.faults.rabbitmq.queue_fault import QueueFault, delete_policy, put_policy
from harness.stack import services
from harness.stack.lane import Lane
from harness.stack.queues import JobQueue

_KEY = "consumer-timeout"


def ack_timeout(
    *, within_seconds: float, when: Condition, for_seconds: float
) -> QueueFault:
    """Limit how long a message of the lane may be with a worker."""
    check_range("ack_timeout", "within_seconds", within_seconds, 1, 3600)
    milliseconds = int(within_seconds * 1000)
    return QueueFault(
        type="ack_timeout",
        when=when,
        for_seconds=for_seconds,
        does=f"what is not acknowledged within {within_seconds:g} s is taken back",
        begin=partial(put_policy, definition={_KEY: milliseconds}),
        shows=partial(_is_in_force, milliseconds),
        undo=delete_policy,
    )


def _is_in_force(
    milliseconds: int, lane: Lane, before: JobQueue, queue: JobQueue | None
) -> str | None:
    """Show what the queue itself says: its management says it seconds later."""
    command = ["rabbitmqctl", "--silent", "list_queues", "--vhost", lane.id]
    command += ["name", "effective_policy_definition", "--formatter=json"]
    rows = json.loads(services.ask(lane.services["rabbitmq"], command))
    in_force = any(
        row["name"] == before.name
        and [_KEY, milliseconds] in row["effective_policy_definition"]
        for row in rows
    )
    return f"its {_KEY} is {milliseconds} ms" if in_force else None
