"""A reset goes on where something is in its way for a moment."""

from types import SimpleNamespace
from typing import Any

import psycopg2.errors
import pytest

from harness.stack import reset, revive
from harness.stack.ledgers import database

LANE: Any = SimpleNamespace(dsn="")


@pytest.mark.parametrize(
    ("trouble", "emptied"),
    [
        (None, True),
        (psycopg2.errors.LockNotAvailable, False),
        (psycopg2.errors.DeadlockDetected, False),
    ],
)
def test_a_transaction_in_the_way_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, trouble: type[Exception] | None, *, emptied: bool
) -> None:
    """A relay's locks are: the database is emptied when they are gone."""

    def empty(_dsn: str) -> None:
        if trouble is not None:
            raise trouble

    monkeypatch.setattr(database, "empty", empty)
    assert reset._empty(LANE) is emptied


@pytest.mark.parametrize(
    ("log", "replaced"),
    [
        ("ready\nConnected to amqp://jobs:**@toxiproxy:20023/late_ack\n", False),
        ("Connected to amqp://a\nConnection lost\nConnected to amqp://a\n", True),
        ("a log of its own kind\n", True),
    ],
)
def test_a_worker_that_lost_its_broker_is_replaced(
    monkeypatch: pytest.MonkeyPatch, log: str, *, replaced: bool
) -> None:
    """What Celery keeps for good of a lost connection is another scenario's."""
    started = "2026-11-28T14:57:49.793378899Z"
    worker = SimpleNamespace(
        id="w",
        attrs={"State": {"Pid": 7, "StartedAt": started}},
        reload=lambda: None,
        logs=lambda **_: log.encode(),
    )
    lane: Any = SimpleNamespace(engine="engine", roles={"worker": worker})
    ended: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        revive, "start", lambda *whose, dead: ended.append((*whose, dead))
    )
    monkeypatch.setattr(reset, "_clean", lambda _: True)
    reset.reset(lane, print)
    assert ended == ([("engine", "w", 7)] if replaced else [])


def test_another_trouble_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Postgres that is gone is not asked again and again."""

    def empty(_dsn: str) -> None:
        raise psycopg2.OperationalError

    monkeypatch.setattr(database, "empty", empty)
    with pytest.raises(psycopg2.OperationalError):
        reset._empty(LANE)
