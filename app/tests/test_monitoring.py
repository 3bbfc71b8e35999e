"""What watches a running worker: Flower, `celery inspect` and `celery events`."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.services import ROOT, Services, eventually
from tests.system import APP, environment, process

pytestmark = pytest.mark.engine

LANE = "monitoring"


@pytest.fixture(scope="module")
def env(services: Services) -> Iterator[dict[str, str]]:
    """Run a worker of the tutorial's design, and give its environment."""
    services.add_lane(LANE)
    programs = Path(sys.executable).parent
    env = environment(services, LANE, "tutorial")
    env["PATH"] = f"{programs}{os.pathsep}{env['PATH']}"
    worker = ("celery", "--app=config", "worker", "--without-mingle")
    with process(*worker, "--without-gossip", env=env):
        eventually(lambda: _inspect("ping", env), within_seconds=30)
        yield env


def _inspect(what: str, env: dict[str, str]) -> list[Any]:
    """Give what each worker answers to `celery inspect`."""
    command = ["celery", "--app=config", "inspect", "--json", "--timeout=1", what]
    asked = subprocess.run(
        command, cwd=APP, env=env, capture_output=True, text=True, check=False
    )
    return list(json.loads(asked.stdout).values()) if asked.returncode == 0 else []


def test_inspect_shows_the_tutorials_worker(env: dict[str, str]) -> None:
    """Each child prefetches one message; children and heartbeats are as in 2015."""
    (stats,) = _inspect("stats", env)
    (queues,) = _inspect("active_queues", env)

    assert stats["prefetch_count"] == stats["pool"]["max-concurrency"]
    assert stats["pool"]["max-tasks-per-child"] == 1000
    assert stats["broker"]["heartbeat"] == 10
    assert [queue["name"] for queue in queues] == ["default"]


def test_flower_as_compose_starts_it_sees_the_worker(env: dict[str, str]) -> None:
    """It turns on the worker's events by itself, and lists it."""
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["flower"]
    command = [each.replace("$$", "$") for each in service["command"]]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    workers = f"http://127.0.0.1:{port}/workers?json=1"

    def seen() -> bool:
        try:
            return bool(requests.get(workers, timeout=2).json()["data"])
        except requests.ConnectionError:
            return False

    flower = subprocess.Popen(command, env=env | {"FLOWER_PORT": str(port)})
    try:
        eventually(seen, within_seconds=30)
    finally:
        flower.terminate()
        flower.wait(10)
