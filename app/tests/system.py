"""A whole system of one design, as real processes: web, worker and relay."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import requests
from kombu import Connection, Queue
from kombu.utils.uuid import uuid

from config.celery import app
from tests.services import Services, eventually

APP = Path(__file__).parents[1]
LADDER = ("tutorial", "early_ack", "late_ack", "requeue", "idempotent", "outbox")
POLITE_SECONDS = 10.0
WORKER = ("celery", "--app=config", "worker", "--without-mingle", "--without-gossip")


@dataclass(slots=True, kw_only=True)
class System:
    """A running system: its API, its database, its worker."""

    design: str
    url: str
    services: Services
    processes: ExitStack
    env: dict[str, str]
    worker: subprocess.Popen[bytes]

    def post(self, **job: Any) -> requests.Response:
        """Ask for a job."""
        return requests.post(f"{self.url}/jobs/", json=job, timeout=30)

    def get(self, path: str, **headers: str) -> requests.Response:
        """Read a page of the API."""
        return requests.get(f"{self.url}{path}", headers=headers, timeout=30)

    def status(self, job_id: int) -> str:
        """Read the job's status by the API."""
        return str(self.get(f"/jobs/{job_id}/").json()["status"])

    def ends_as(self, job_id: int, status: str, *, within_seconds: float = 30) -> None:
        """Wait until the job has this status."""
        eventually(lambda: self.status(job_id) == status, within_seconds=within_seconds)

    def store(self, *, type: str, argument: int) -> int:
        """Store a job that nobody hands over to Celery."""
        stored = self.services.query(
            self.design,
            "INSERT INTO jobs_job"
            " (type, argument, status, attempt, created_at, updated_at)"
            " VALUES (%s, %s, 'pending', 0, now(), now()) RETURNING id",
            type,
            argument,
        )
        return int(stored[0][0])

    def asks(self, **job: Any) -> int:
        """Ask for a job, and give its id."""
        return int(self.post(**job).json()["id"])

    def starts(self, **job: Any) -> int:
        """Ask for a job, wait until it is being worked on, and give its id."""
        job_id = self.asks(**job)
        self.ends_as(job_id, "started")
        return job_id

    def is_at_work(self) -> None:
        """Wait until the worker has done a job that it is asked for now."""
        self.ends_as(self.asks(type="power", argument=1), "finished", within_seconds=60)

    def effects(self, job_id: int) -> int:
        """Count what the job did in the outside world."""
        counted = self.services.query(
            self.design, "SELECT count(*) FROM jobs_effect WHERE job_id = %s", job_id
        )
        return int(counted[0][0])

    def is_as(self, job_id: int, status: str, effects: int) -> bool:
        """Say whether the job has this status, and so many effects."""
        return (self.status(job_id), self.effects(job_id)) == (status, effects)

    def publish(
        self,
        job_id: int,
        routing_key: str,
        *,
        retries: int = 0,
        expires_seconds: float | None = None,
    ) -> None:
        """Send a message for the job, of type sleep, past web and relay.

        The broker drops one that expires before a worker has it.
        """
        message = app.amqp.as_task_v2(
            uuid(), "jobs.tasks.sleep", kwargs={"job_id": job_id}, retries=retries
        )
        with Connection(self.services.broker_url(self.design)) as broker:
            broker.Producer().publish(
                message.body,
                exchange="default",
                routing_key=routing_key,
                headers=message.headers,
                expiration=expires_seconds,
                **message.properties,
            )

    def deliver_in_vain(self, job_id: int, *, times: int) -> None:
        """Take the job's message and give it back, so often; leave all others alone."""
        with Connection(self.services.broker_url(self.design)) as broker:
            queue = Queue("default", no_declare=True)(broker.default_channel)
            while times:
                message = queue.get()
                # Others are held until this connection closes.
                if message and message.payload[1]["job_id"] == job_id:
                    message.requeue()
                    times -= 1

    @contextmanager
    def database_away(self) -> Iterator[None]:
        """Let nobody connect to the system's database while the block runs."""
        allow = f"ALTER DATABASE {self.design} ALLOW_CONNECTIONS"
        self.services.execute("jobs", f"{allow} false")
        self.cut_database()
        try:
            yield
        finally:
            self.services.execute("jobs", f"{allow} true")

    @contextmanager
    def database_read_only(self) -> Iterator[None]:
        """Let nobody change anything while the block runs, as a replica does."""
        setting = "default_transaction_read_only"
        database = f"ALTER DATABASE {self.design}"
        self.services.execute("jobs", f"{database} SET {setting} = on")
        self.cut_database()
        try:
            yield
        finally:
            self.services.execute("jobs", f"{database} RESET {setting}")
            self.cut_database()

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

    def stop_worker(self) -> None:
        """Stop the worker's main process; its children finish what they are at."""
        psutil.Process(self.worker.pid).suspend()

    def kill_worker(self) -> None:
        """Kill the worker with all its children, as if its machine went down.

        It is stopped first: it must not see a child die, nor a child that it died.
        """
        self.stop_worker()
        self.kill_children()
        self.worker.kill()
        self.worker.wait()

    def start_worker(self) -> None:
        """Start another worker in the place of one that was killed."""
        self.worker = self.processes.enter_context(process(*WORKER, env=self.env))


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
def running(services: Services, design: str, *, pattern: str) -> Iterator[System]:
    """Run a system of this design, with its own vhost and a copy of a database."""
    services.add_lane(design, template=pattern)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    web = ("gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}")
    with ExitStack() as processes:
        # A worker that is killed leaves its pool's folders behind.
        temporary = processes.enter_context(TemporaryDirectory())
        env = environment(services, design, design) | {"TMPDIR": temporary}
        processes.enter_context(process(*web, env=env))
        system = System(
            design=design,
            url=f"http://127.0.0.1:{port}",
            services=services,
            processes=processes,
            env=env,
            worker=processes.enter_context(process(*WORKER, env=env)),
        )
        if hasattr(import_module(f"designs.{design}"), "background"):
            processes.enter_context(process("manage", "relay", env=env))
        eventually(lambda: _answers(system), within_seconds=60)
        # Several first publishers at once, before a worker has bound the queue: then a
        # message can be confirmed that was routed nowhere. Seen on a topic exchange.
        system.is_at_work()
        yield system


def _answers(system: System) -> bool:
    try:
        return system.get("/health/").ok
    except requests.ConnectionError:
        return False
