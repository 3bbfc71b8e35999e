"""Stand-ins honour what the official images do; so do whatever images are in use.

These tests run on the images that compose.yaml names on this machine: official ones
where they could be pulled, which shows that the contract is theirs, too.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.clock import wait_until
from harness.stack import services
from harness.stack.compose import ComposeFile, read_compose
from harness.stack.engine import connect

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parents[3]
Start = Callable[..., Any]


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    """The engine."""
    client = connect()
    yield client
    client.close()


@pytest.fixture
def compose() -> ComposeFile:
    """compose.yaml, with the image names of this machine."""
    return read_compose(PROJECT / "compose.yaml")


@pytest.fixture
def start(engine: docker.DockerClient) -> Iterator[Start]:
    """Start containers that are gone after the test."""
    with contextlib.ExitStack() as stack:
        containers: Any = engine.containers

        def run(image: str, command: object = None, **options: Any) -> Any:
            container = containers.run(image, command, detach=True, **options)
            stack.callback(container.remove, force=True, v=True)
            return container

        yield run


def succeed(
    container: Any, *command: str, environment: dict[str, str] | None = None
) -> None:
    """Run a command in the container until it succeeds, whatever it says."""
    said = b""

    def succeeds() -> bool:
        nonlocal said
        done = container.exec_run(list(command), environment=environment)
        said = done.output
        return bool(done.exit_code == 0)

    assert wait_until(succeeds, within_seconds=30), (
        f"{said.decode()}\n{container.logs().decode()}"
    )


def answer(
    container: Any, *command: str, environment: dict[str, str] | None = None
) -> str:
    """Return what a command that only reads says in the container, once it succeeds."""
    succeed(container, *command, environment=environment)
    return services.ask(container, command, environment=environment or {}).decode()


def address(container: Any) -> str:
    """Return the container's address on the engine's default network."""
    container.reload()
    return str(container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])


def test_postgres(start: Start, compose: ComposeFile) -> None:
    """User, password and database are what the environment says; options are heeded."""
    postgres = start(
        compose.services["postgres"].image,
        ["postgres", "-c", "max_connections=77"],
        environment={
            "POSTGRES_USER": "ada",
            "POSTGRES_PASSWORD": "p'w d",
            "POSTGRES_DB": "engine-1",
        },
    )
    succeed(postgres, "pg_isready", "--host=127.0.0.1", "--username=ada")
    client = start(compose.services["postgres"].image, ["sleep", "60"], entrypoint=[])
    query = (
        "select current_user, current_database(), current_setting('max_connections')"
    )
    at = f"host={address(postgres)} user=ada dbname=engine-1"
    said = answer(
        client, "psql", "-Atc", query, at, environment={"PGPASSWORD": "p'w d"}
    )
    assert said.strip() == "ada|engine-1|77"
    refused = ("sh", "-c", 'psql -c "select 1" "$0" 2>&1 || true', at)
    said = answer(client, *refused, environment={"PGPASSWORD": "wrong"})
    assert "password authentication failed" in said


def test_postgres_wants_a_password(start: Start, compose: ComposeFile) -> None:
    """Without a password it refuses to start, and says which variable is missing."""
    postgres = start(compose.services["postgres"].image)
    assert postgres.wait(timeout=30)["StatusCode"] != 0
    assert b"POSTGRES_PASSWORD" in postgres.logs()


def test_postgres_stops_and_starts(start: Start, compose: ComposeFile) -> None:
    """Its data outlives a restart, and it stops at once when asked."""
    postgres = start(
        compose.services["postgres"].image, environment={"POSTGRES_PASSWORD": "p"}
    )
    psql = ("psql", "--host=127.0.0.1", "--username=postgres", "-Atc")
    password = {"PGPASSWORD": "p"}
    succeed(postgres, *psql, "create table kept ()", environment=password)
    postgres.stop(timeout=20)
    postgres.reload()
    assert postgres.attrs["State"]["ExitCode"] == 0
    postgres.start()
    count = "select count(*) from kept"
    assert answer(postgres, *psql, count, environment=password).strip() == "0"


def test_redis(start: Start, compose: ComposeFile) -> None:
    """It answers to other containers, and takes options with or without its name."""
    image = compose.services["redis"].image
    named = start(image, ["redis-server", "--databases", "3"])
    bare = start(image, ["--databases", "4"])
    for redis, databases in ((named, "3"), (bare, "4")):
        succeed(redis, "redis-cli", "ping")
        ask = ("redis-cli", "-h", address(redis), "config", "get", "databases")
        assert answer(named, *ask).split() == ["databases", databases]


def test_rabbitmq(start: Start, compose: ComposeFile) -> None:
    """User, password and vhost are what the environment says; management answers."""
    rabbitmq = start(
        compose.services["rabbitmq"].image,
        environment={
            "RABBITMQ_DEFAULT_USER": "ada",
            "RABBITMQ_DEFAULT_PASS": "secret",
            "RABBITMQ_DEFAULT_VHOST": "engine",
        },
    )
    succeed(rabbitmq, "rabbitmq-diagnostics", "--quiet", "check_port_connectivity")
    succeed(rabbitmq, "rabbitmqctl", "authenticate_user", "ada", "secret")
    vhosts = answer(rabbitmq, "rabbitmqctl", "--quiet", "list_vhosts", "name")
    assert "engine" in vhosts.split()
    plugins = answer(rabbitmq, "rabbitmq-plugins", "list", "-E", "-m", "--quiet")
    assert "rabbitmq_management" in plugins.split()


def test_toxiproxy(start: Start, compose: ComposeFile) -> None:
    """It listens for its clients, and is of the version that compose.yaml names."""
    service = read_compose(PROJECT / "compose.yaml", {}).services["toxiproxy"]
    toxiproxy = start(compose.services["toxiproxy"].image)
    asking = start(compose.services["redis"].image, ["sleep", "60"], entrypoint=[])
    url = f"/dev/tcp/{address(toxiproxy)}/8474"
    request = r"GET /version HTTP/1.0\r\nHost: x\r\n\r\n"
    script = f"exec 3<>{url} && printf '{request}' >&3 && cat <&3"
    said = answer(asking, "bash", "-c", script)
    assert service.image.rpartition(":")[2] in said


def test_python(start: Start) -> None:
    """python, pip and venv work, as in the official image."""
    compose = read_compose(PROJECT / "compose.yaml")
    build = compose.services["web"].build
    assert build is not None
    python = start(build.args["PYTHON_IMAGE"], ["sleep", "60"], entrypoint=[])
    assert answer(python, "python", "--version").startswith("Python 3.13")
    succeed(python, "python", "-m", "venv", "/tmp/venv")
    assert "site-packages" in answer(python, "/tmp/venv/bin/pip", "--version")
    assert "pip" in answer(python, "pip", "--version")
