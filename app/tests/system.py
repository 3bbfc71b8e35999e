"""A whole system of one design, as real processes: web, worker and relay."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.services import Services, eventually

APP = Path(__file__).parents[1]
POLITE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A running system: its API, its database, its worker."""

    design: str
    url: str
    worker: subprocess.Popen[bytes]
    services: Services

    def post(self, **job: Any) -> requests.Response:
        """Ask for a job."""
        return requests.post(f"{self.url}/jobs/", json=job, timeout=10)

    def get(self, path: str, **headers: str) -> requests.Response:
        """Read a page of the API."""
        return requests.get(f"{self.url}{path}", headers=headers, timeout=10)

    def status(self, job_id: int) -> str:
        """Read the job's status by the API."""
        return str(self.get(f"/jobs/{job_id}/").json()["status"])

    def ends_as(self, job_id: int, status: str, *, within_seconds: float = 15) -> None:
        """Wait until the job has this status."""
        eventually(lambda: self.status(job_id) == status, within_seconds=within_seconds)

    def effects(self, job_id: int) -> int:
        """Count what the job did in the outside world."""
        counted = self.services.query(
            self.design, "SELECT count(*) FROM jobs_effect WHERE job_id = %s", job_id
        )
        return int(counted[0][0])

    def attempt(self, job_id: int) -> int:
        """Give the number of the attempt that owns the job."""
        found = self.services.query(
            self.design, "SELECT attempt FROM jobs_job WHERE id = %s", job_id
        )
        return int(found[0][0])

    def cut_database(self) -> None:
        """Break all connections to the system's database, as a restart of it does."""
        self.services.query(
            "jobs",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            self.design,
        )

    def kill_children(self) -> None:
        """Kill the worker's pool, as the kernel does when memory runs out."""
        for child in psutil.Process(self.worker.pid).children():
            child.kill()


def environment(services: Services, lane: str, design: str) -> dict[str, str]:
    """Give a process of the app the environment that compose.yaml gives it."""
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "tests",
        "DESIGN": design,
        "DATABASE_URL": services.database_url(lane),
        "BROKER_URL": services.broker_url(lane),
        "REDIS_URL": services.redis_url(),
    }


@contextmanager
def process(*command: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m command` in app/ while the block does."""
    running = subprocess.Popen([sys.executable, "-m", *command], cwd=APP, env=env)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(POLITE_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def manage(*command: str, env: dict[str, str]) -> None:
    """Run `manage.py command` to its end."""
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=APP,
        env=env,
        check=True,
        capture_output=True,
    )


@contextmanager
def running(services: Services, design: str) -> Iterator[System]:
    """Run a system of this design, with its own database and vhost."""
    services.add_lane(design)
    env = environment(services, design, design)
    manage("migrate", env=env)
    manage("collectstatic", "--no-input", env=env)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    web = ("gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}")
    worker = ("celery", "--app=config", "worker", "--without-mingle")
    with ExitStack() as processes:
        processes.enter_context(process(*web, env=env))
        system = System(
            design=design,
            url=f"http://127.0.0.1:{port}",
            worker=processes.enter_context(process(*worker, env=env)),
            services=services,
        )
        processes.enter_context(process("manage", "relay", env=env))
        eventually(lambda: _answers(system))
        yield system


def _answers(system: System) -> bool:
    try:
        return system.get("/health/").ok
    except requests.ConnectionError:
        return False
