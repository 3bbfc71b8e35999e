"""A reset goes on where something is in its way for a moment."""

from types import SimpleNamespace
from typing import Any

import psycopg2.errors
import pytest

from harness.stack import reset
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


@pytest.mark.parametrize("used", [True, False])
def test_a_worker_that_was_used_is_another_one_afterwards(
    monkeypatch: pytest.MonkeyPatch, *, used: bool
) -> None:
    """What Celery keeps for good of a lost connection is another scenario's."""
    ended: list[str] = []
    lane: Any = SimpleNamespace(
        has_used=lambda role: used and role == "worker", roles={"worker": "the worker"}
    )
    monkeypatch.setattr(
        reset.services, "restart", lambda container, **_: ended.append(container)
    )
    monkeypatch.setattr(reset, "_clean", lambda _: True)
    reset.reset(lane, print)
    assert ended == (["the worker"] if used else [])


def test_another_trouble_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Postgres that is gone is not asked again and again."""

    def empty(_dsn: str) -> None:
        raise psycopg2.OperationalError

    monkeypatch.setattr(database, "empty", empty)
    with pytest.raises(psycopg2.OperationalError):
        reset._empty(LANE)
