"""The broker's queues are told apart by how they are bound, not by their names."""

from typing import Any

import pytest

from harness.stack.ledgers.broker import _dead_letter_queues

TO_EXCHANGE = {"x-dead-letter-exchange": "main"}
TO_KEY = TO_EXCHANGE | {"x-dead-letter-routing-key": "late"}
BINDINGS = [
    {"source": "main", "destination": "jobs", "routing_key": "jobs"},
    {"source": "main", "destination": "morgue", "routing_key": "late"},
    {"source": "main", "destination": "other", "routing_key": "other"},
    {"source": "else", "destination": "deadline", "routing_key": "late"},
]


def row(name: str, **arguments: Any) -> dict[str, Any]:
    """Return a queue as the management API lists it."""
    return {"name": name, "arguments": arguments}


@pytest.mark.parametrize(
    ("rows", "dead"),
    [
        ([row("jobs"), row("morgue"), row("deadline")], set()),
        ([row("jobs", **TO_KEY), row("morgue")], {"morgue"}),
        ([row("jobs", **TO_EXCHANGE)], {"morgue", "other"}),
        ([row("celery_delayed_1", **TO_EXCHANGE)], set()),
    ],
)
def test_a_dead_letter_queue_is_where_another_queue_sends_them(
    rows: list[dict[str, Any]], dead: set[str]
) -> None:
    """By exchange and key; the steps of a delay send on what is alive."""
    assert _dead_letter_queues(rows, BINDINGS) == dead
