"""Messages that are taken out of a queue can be put back by the same API."""

from typing import Any

from harness.stack.queues import Message, _with_values

# As RabbitMQ's management API shows a message of Celery's: null is "undefined", and
# what has no members is a list.
SHOWN: dict[str, Any] = {
    "delivery_mode": 2,
    "correlation_id": "t1",
    "headers": {
        "id": "t1",
        "task": "jobs.tasks.power",
        "eta": "undefined",
        "timelimit": ["undefined", "undefined"],
        "stamps": {},
        "retries": 0,
        "ignore_result": True,
    },
}


def test_headers_without_a_value_are_left_out() -> None:
    """The API takes no null; all else is as it was."""
    assert _with_values(SHOWN) == {
        "delivery_mode": 2,
        "correlation_id": "t1",
        "headers": {
            "id": "t1",
            "task": "jobs.tasks.power",
            "stamps": {},
            "retries": 0,
            "ignore_result": True,
        },
    }
    limited = {"headers": {"timelimit": [120, 90]}}
    assert _with_values(limited) == limited
    assert _with_values([]) == {"headers": {}}


def test_a_message_under_another_name() -> None:
    """One header changes, and the message that it was made from does not."""
    message = Message(properties=_with_values(SHOWN), payload="W10=")

    renamed = message.with_header("task", "jobs.tasks.power_two")

    assert (message.task, renamed.task) == ("t1", "t1")
    assert message.header("task") == "jobs.tasks.power"
    assert renamed.header("task") == "jobs.tasks.power_two"
    assert renamed.payload == message.payload
