"""Services in containers, and this process as one more process of the app.

Tests that only call functions see the design `outbox`; tests of a whole system start
web, worker and relay as processes of their own (`system.py`). Both use the services of
compose.yaml, started once for all tests.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
import pytest

with pytest.MonkeyPatch.context() as patch:
    # Read once, by config/settings.py. The addresses are filled in by `services`; the
    # environment itself stays as it was, for the other tests of this pytest.
    for name, value in {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "tests",
        "DESIGN": "outbox",
        "DATABASE_URL": "postgres://jobs:jobs@127.0.0.1:1/in_process",
        "BROKER_URL": "amqp://jobs:jobs@127.0.0.1:1/in_process",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }.items():
        patch.setenv(name, value)
    django.setup()

from django.core.management import call_command
from django.db import connection, connections
from kombu import Connection

from config.celery import app
from jobs.models import Job
from jobs.queues import DEAD, DEFAULT
from tests.services import Services, started
from tests.system import LADDER, System, environment, manage, running


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Run Postgres, RabbitMQ and Redis, until the last test has ended."""
    with started() as services:
        yield services


@pytest.fixture(scope="package")
def ladder(services: Services) -> Iterator[dict[str, System]]:
    """Run a whole system of each design, side by side, until these tests have ended.

    They start and stop at once, for that is what takes long.
    """
    services.add_lane("pattern")
    env = environment(services, "pattern", "tutorial")
    manage("migrate", env=env)
    manage("collectstatic", "--no-input", "--ignore=redoc", env=env)
    systems = [running(services, design, pattern="pattern") for design in LADDER]
    with ThreadPoolExecutor(len(systems)) as pool:
        up: list[System] = []
        try:
            up += pool.map(lambda system: system.__enter__(), systems)
            yield {system.design: system for system in up}
        finally:
            for system in up:
                # A test that failed may have killed it. To say good-bye takes seconds.
                if system.worker.poll() is None:
                    system.kill_worker()
            list(pool.map(lambda system: system.__exit__(None, None, None), systems))


@pytest.fixture(scope="session")
def in_process(services: Services) -> None:
    """Point this process at the services, and migrate its database."""
    services.add_lane("in_process")
    address = services.address("postgres")
    database: dict[str, Any] = connections.settings["default"]
    database.update(HOST=address.host, PORT=address.port)
    app.conf.update(broker_url=services.broker_url("in_process"))
    call_command("migrate", verbosity=0)
    connection.close()


@pytest.fixture
def database(in_process: None) -> Iterator[None]:
    """Give the test empty tables; threads of its own may use them, too."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {Job._meta.db_table} CASCADE")
    connection.close()


@pytest.fixture
def broker(in_process: None) -> Iterator[Connection]:
    """Give the test a connection to empty queues."""
    with app.connection_for_write() as connected:
        for queue in (DEFAULT, DEAD):
            bound = queue(connected.default_channel)
            bound.declare()
            bound.purge()
        yield connected
