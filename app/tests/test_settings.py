"""Tests of config/settings.py: what the tutorial set, and what is safe."""

import os
import subprocess
import sys

from django.conf import settings

from designs import tutorial
from tests.system import APP

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-abcdef",
    "DATABASE_URL": "postgres://-",
    "BROKER_URL": "amqp://-",
    "REDIS_URL": "redis://-",
}


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    """Let Django judge the settings as for a deployment."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level=WARNING"],
        cwd=APP,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_settings_of_2015_are_all_there() -> None:
    """What the tutorial set is set today, by the app or by the tutorial's design."""
    shared = {
        name.removeprefix("CELERY_").lower(): getattr(settings, name)
        for name in dir(settings)
        if name.startswith("CELERY_")
    }
    found = shared | tutorial.CELERY

    expected = {
        "accept_content": ["json"],
        "broker_heartbeat": 10,
        "broker_pool_limit": 1,
        "result_expires": 600,
        "result_serializer": "json",
        "task_acks_late": True,
        "task_default_queue": "default",
        "task_ignore_result": True,
        "task_serializer": "json",
        "worker_max_tasks_per_child": 1000,
        "worker_prefetch_multiplier": 1,
    }
    assert {name: found[name] for name in expected} == expected
    assert found["result_backend"].startswith("redis://")
    assert [queue.name for queue in found["task_queues"]] == ["default"]


def test_a_design_may_ask_for_settings_of_its_database_sessions() -> None:
    """They come after the shared ones, in the words that libpq takes."""
    options = settings.DATABASES["default"]["OPTIONS"]["options"]

    assert options.startswith("-c statement_timeout=15s ")
    assert options.endswith(" -c synchronous_commit=on")  # these tests see outbox


def test_behind_https_a_deployment_has_nothing_to_mend() -> None:
    """With HTTPS=1 and a long key, `check --deploy` finds nothing."""
    checked = check(HTTPS="1")

    assert checked.returncode == 0, checked.stderr


def test_without_https_only_what_needs_it_is_missing() -> None:
    """Then `check --deploy` warns of redirect, HSTS and the two cookies, no more."""
    found = check().stderr

    codes = {"W004", "W008", "W012", "W016"}
    assert all(f"security.{code}" in found for code in codes)
    assert "identified 4 issues" in found


def test_a_missing_address_is_one_sentence() -> None:
    """Without SECRET_KEY nothing starts, and the error names it."""
    assert "Set SECRET_KEY in the environment" in check(SECRET_KEY="").stderr
