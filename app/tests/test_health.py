"""Tests of config/health.py, with services that refuse or say nothing."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from django.conf import settings
from django.test import RequestFactory

from config import health

URLS = {
    "DATABASE_URL": "postgres://jobs:jobs@127.0.0.1:{port}/jobs",
    "CELERY_BROKER_URL": "amqp://jobs:jobs@127.0.0.1:{port}/tutorial",
    "CELERY_RESULT_BACKEND": "redis://127.0.0.1:{port}/0",
}


def ask() -> tuple[int, dict[str, Any]]:
    """Ask as a load balancer does; give status and body."""
    answer = health.ready(RequestFactory().get("/health/ready/"))
    return answer.status_code, json.loads(answer.content)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let all three services take connections and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name, url in URLS.items():
            at = url.format(port=server.getsockname()[1])
            monkeypatch.setattr(settings, name, at)
        yield
        health._pool.submit(int).result()  # the last question has ended, too


def test_services_that_refuse_are_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is 503, at once, and names each."""
    for name, url in URLS.items():
        monkeypatch.setattr(settings, name, url.format(port=1))

    assert ask() == (
        503,
        {
            "status": "unavailable",
            "services": {"postgres": "down", "rabbitmq": "down", "redis": "down"},
        },
    )


def test_services_that_are_silent_hold_no_answer_up(silent: None) -> None:
    """However many ask, each has an answer after a second, by three threads in all."""
    began = monotonic()
    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(lambda _: ask(), range(20)))

    assert monotonic() - began < 2.5  # one after another would be 20
    assert {status for status, _ in answers} == {503}
    assert set(answers[0][1]["services"].values()) == {"silent"}
    asking = [t for t in threading.enumerate() if t.name.startswith("health")]
    assert len(asking) <= 3


def test_it_is_not_kept_by_anybody_on_the_way() -> None:
    """A cache between us and who asks would tell of a time that is gone."""
    answer = health.live(RequestFactory().get("/health/"))

    assert answer.content == b"ok\n"
    assert "no-store" in answer["Cache-Control"]
