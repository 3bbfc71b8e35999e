"""compose.yaml is for people first: real Compose v2 must run it unchanged.

Where the docker command has the plugin, it is used; else Debian's docker-compose in
a container that is given the engine's socket and the project's folder.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from harness.clock import wait_until
from harness.stack import build
from harness.stack.engine import connect

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parents[3]
COMPOSE_IMAGE = "celery-proving-ground/docker-compose:2.26"
NAME = f"celery-proving-ground-test-{os.getpid()}"

Compose = Callable[..., str]


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    """A client that outlasts a slow build."""
    client = connect(timeout_seconds=600)
    yield client
    client.close()


@pytest.fixture
def ports() -> dict[str, str]:
    """Host ports of our own, so that the test disturbs nobody."""
    names = ("WEB_PORT", "RABBITMQ_PORT", "RABBITMQ_MANAGEMENT_PORT")
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    free = [str(holder.getsockname()[1]) for holder in holders]
    for holder in holders:
        holder.close()
    return dict(zip(names, free, strict=True))


@pytest.fixture
def compose(engine: docker.DockerClient, ports: dict[str, str]) -> Iterator[Compose]:
    """Run Compose on the project's own compose.yaml; take everything down after."""

    def run(*arguments: str, **environment: str) -> str:
        command = ["--project-name", NAME, *arguments]
        run_it = _by_plugin if _has_plugin() else _in_a_container
        code, said = run_it(engine, command, ports | environment)
        assert code == 0, said
        return said

    yield run
    used = _volumes_of(engine)
    run("down", "--volumes", "--timeout", "5")
    # Compose hands a container's unnamed volumes on to the next one by their names, so
    # that the engine takes them for named ones (RabbitMQ's, with another DESIGN).
    for volume in engine.volumes.list():
        if volume.name in used:
            volume.remove()


def _volumes_of(engine: docker.DockerClient) -> set[str]:
    label = f"com.docker.compose.project={NAME}"
    containers = engine.containers.list(all=True, filters={"label": label})
    mounts = [mount for each in containers for mount in each.attrs["Mounts"]]
    return {mount["Name"] for mount in mounts if mount["Type"] == "volume"}


def _has_plugin() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = ["docker", "compose", "version"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _by_plugin(
    _: docker.DockerClient, command: list[str], environment: dict[str, str]
) -> tuple[int, str]:
    done = subprocess.run(
        ["docker", "compose", *command],
        env=os.environ | environment,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def _in_a_container(
    engine: docker.DockerClient, command: list[str], environment: dict[str, str]
) -> tuple[int, str]:
    build.build_recipe(engine, Path(__file__).parent / "docker-compose", COMPOSE_IMAGE)
    container: Any = engine.containers.run(
        COMPOSE_IMAGE,
        command,
        detach=True,
        network_mode="host",
        working_dir=str(PROJECT),
        environment=environment,
        volumes=[
            "/var/run/docker.sock:/var/run/docker.sock",
            f"{PROJECT}:{PROJECT}:ro",
        ],
    )
    try:
        code = container.wait(timeout=300)["StatusCode"]
        return code, container.logs().decode()
    finally:
        container.remove(force=True, v=True)


def _finish(jobs: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Post a job as a client would, and return it as it is when it has ended."""
    answer = requests.post(jobs, json=asked, timeout=10)
    assert answer.status_code == 201, answer.text
    job: dict[str, Any] = answer.json()

    def ended() -> bool:
        job.update(requests.get(job["url"], timeout=10).json())
        return job["status"] in ("finished", "failed")

    wait_until(ended, within_seconds=30)
    return job


def test_compose_runs_the_system(
    compose: Compose, engine: docker.DockerClient, ports: dict[str, str]
) -> None:
    """One design, then another on the same volumes, then five workers: jobs finish."""
    jobs = f"http://127.0.0.1:{ports['WEB_PORT']}/jobs/"

    compose("up", "--detach", "--wait")
    fibonacci = _finish(jobs, {"type": "fibonacci", "argument": 10})
    assert (fibonacci["status"], fibonacci["result"]) == ("finished", 55)
    power = _finish(jobs, {"type": "power", "argument": 8})
    assert (power["status"], power["result"]) == ("finished", 256)

    compose("up", "--detach", "--wait", DESIGN="outbox")
    assert _finish(jobs, {"type": "power", "argument": 3})["status"] == "finished"

    compose("up", "--detach", "--wait", "--scale", "worker=5", DESIGN="outbox")
    workers = engine.containers.list(
        filters={
            "label": [
                f"com.docker.compose.project={NAME}",
                "com.docker.compose.service=worker",
            ]
        }
    )
    assert len(workers) == 5
    assert _finish(jobs, {"type": "power", "argument": 4})["status"] == "finished"


def test_down_leaves_nothing(compose: Compose, engine: docker.DockerClient) -> None:
    """`down --volumes` leaves no container, network or volume of the project."""
    compose("up", "--detach", "redis")
    compose("down", "--volumes")
    ours: dict[str, Any] = {"label": f"com.docker.compose.project={NAME}"}
    assert not engine.containers.list(all=True, filters=ours)
    assert not engine.networks.list(filters=ours)
    assert not engine.volumes.list(filters=ours)
