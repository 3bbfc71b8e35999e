"""The broker's queues are told apart by how they are bound, not by their names."""

from collections.abc import Sequence
from typing import Any

import pytest

from harness.history import QueueSeen
from harness.stack.ledgers.broker import Broker, _dead_letter_queues

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


def test_a_queue_that_is_missing_is_told_of_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Empty, and what it sent its dead letters to stays what it was."""
    rows = [row("jobs", **TO_KEY) | {"messages_ready": 3}, row("morgue")]
    answers = {"queues": rows, "bindings": BINDINGS, "consumers": []}
    monkeypatch.setattr(Broker, "_get", lambda _, path: answers[path.partition("/")[0]])
    broker = Broker(url="-", user="-", password="-")

    def looks(before: Sequence[QueueSeen]) -> dict[str, tuple[int, bool, bool]]:
        seen.append(broker.queues("/", before=before))
        return {q.queue: (q.ready, q.missing, q.dead_letters) for q in seen[-1]}

    seen: list[list[QueueSeen]] = []
    there = {"jobs": (3, False, False), "morgue": (0, False, True)}
    assert looks(()) == there
    jobs = rows.pop(0)
    assert looks(seen[-1]) == there | {"jobs": (0, True, False)}
    assert looks(seen[-1]) == there | {"jobs": (0, True, False)}
    rows.append(jobs)
    assert looks(seen[-1]) == there


def test_a_step_of_a_delay_is_told_of_while_it_holds_something_and_then_as_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is no loss that it holds nothing any more."""
    step = row("celery_delayed_1", **TO_EXCHANGE)
    answers = {"queues": [step], "bindings": [], "consumers": []}
    monkeypatch.setattr(Broker, "_get", lambda _, path: answers[path.partition("/")[0]])
    broker = Broker(url="-", user="-", password="-")
    assert not broker.queues("/")
    step |= {"messages": 1, "messages_ready": 1}
    held = broker.queues("/")
    assert [(queue.ready, queue.missing) for queue in held] == [(1, False)]
    step |= {"messages": 0, "messages_ready": 0}
    empty = broker.queues("/", before=held)
    assert [(queue.ready, queue.missing) for queue in empty] == [(0, False)]
