"""The services of compose.yaml in containers, for tests; removed when they end."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import docker
import dotenv
import psutil
import psycopg2
import redis
import requests
import yaml
from kombu import Connection

ROOT = Path(__file__).parents[2]
LABEL = "celery-proving-ground.app-tests"  # its value: the process that started it
PORTS = {"postgres": (5432,), "rabbitmq": (5672, 15672), "redis": (6379,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service's port is published."""

    host: str = "127.0.0.1"
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The running services, and how to make room for one more system on them."""

    ports: dict[tuple[str, int], int]

    def address(self, service: str, port: int | None = None) -> Address:
        """Give the address of a service's first port, or of the one that is named."""
        return Address(port=self.ports[service, port or PORTS[service][0]])

    def database_url(self, lane: str) -> str:
        """Give what DATABASE_URL is for this lane."""
        return f"postgres://jobs:jobs@127.0.0.1:{self.address('postgres').port}/{lane}"

    def broker_url(self, lane: str) -> str:
        """Give what BROKER_URL is for this lane."""
        return f"amqp://jobs:jobs@127.0.0.1:{self.address('rabbitmq').port}/{lane}"

    def redis_url(self) -> str:
        """Give what REDIS_URL is."""
        return f"redis://127.0.0.1:{self.address('redis').port}/0"

    def add_lane(self, lane: str, *, template: str = "template1") -> None:
        """Make a database, empty or a copy of another, and a vhost of this name."""
        self.execute("jobs", f"CREATE DATABASE {lane} TEMPLATE {template}")
        port = self.address("rabbitmq", 15672).port
        api = f"http://127.0.0.1:{port}/api"
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        for path, body in (
            (f"vhosts/{lane}", {}),
            (f"permissions/{lane}/jobs", everything),
        ):
            answer = requests.put(
                f"{api}/{path}", json=body, auth=("jobs", "jobs"), timeout=5
            )
            answer.raise_for_status()

    def execute(self, lane: str, sql: str, *values: object) -> None:
        """Change a lane's database."""
        with closing(psycopg2.connect(self.database_url(lane))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values)

    def query(self, lane: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask a lane's database, or change it and ask for what was changed."""
        with closing(psycopg2.connect(self.database_url(lane))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()


@contextmanager
def started() -> Iterator[Services]:
    """Run the services while the block does."""
    engine = docker.from_env()
    _remove_leftovers(engine)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    containers = []
    try:
        for service, ports in PORTS.items():
            described = compose[service]
            published: Any = {f"{port}/tcp": ("127.0.0.1", None) for port in ports}
            containers.append(
                engine.containers.run(
                    interpolated(described["image"]),
                    described.get("command"),
                    environment={
                        name: interpolated(value)
                        for name, value in described.get("environment", {}).items()
                    },
                    ports=published,
                    labels={LABEL: str(os.getpid())},
                    detach=True,
                )
            )
        services = Services(ports=dict(_published(containers)))
        eventually(lambda: _all_answer(services), within_seconds=60)
        yield services
    finally:
        for container in containers:
            container.remove(force=True, v=True)


def eventually(condition: Callable[[], object], *, within_seconds: float = 15) -> None:
    """Wait until the condition holds; fail, naming it, if it does not in time."""
    deadline = monotonic() + within_seconds
    while not condition():
        assert monotonic() < deadline, f"not so within {within_seconds} s: {condition}"
        sleep(0.05)


def passes(seconds: float) -> None:
    """Let some time go by, where nothing can be seen that could be waited for."""
    sleep(seconds)


def interpolated(text: str) -> str:
    """Fill in `${NAME:-default}` from the environment and .env, as Compose does."""
    known = {**dotenv.dotenv_values(ROOT / ".env"), **os.environ}
    return re.sub(
        r"\$\{(\w+):-([^}]*)\}", lambda found: known.get(found[1]) or found[2], text
    )


def _published(containers: list[Any]) -> Iterator[tuple[tuple[str, int], int]]:
    for container, (service, ports) in zip(containers, PORTS.items(), strict=True):
        container.reload()
        for port in ports:
            yield (service, port), int(container.ports[f"{port}/tcp"][0]["HostPort"])


def _all_answer(services: Services) -> bool:
    try:
        psycopg2.connect(services.database_url("jobs")).close()
        with Connection(services.broker_url("tutorial")) as broker:
            broker.connect()
        with redis.Redis.from_url(services.redis_url()) as results:
            results.ping()
        port = services.address("rabbitmq", 15672).port
        requests.get(f"http://127.0.0.1:{port}/", timeout=1)
    except (psycopg2.OperationalError, OSError, redis.ConnectionError):
        return False
    return True


def _remove_leftovers(engine: docker.DockerClient) -> None:
    """Remove what tests left behind that were killed."""
    for container in engine.containers.list(all=True, filters={"label": LABEL}):
        if not psutil.pid_exists(int(container.labels[LABEL])):
            container.remove(force=True, v=True)
