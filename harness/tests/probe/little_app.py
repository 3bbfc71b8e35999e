"""A little Celery app with the probe switched on, in real processes.

It exists for the tests of the probe. The broker is kombu's file system transport, so
there is no network and no engine.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import msgspec
import pytest

import harness.probe
from harness.clock import wait_until
from harness.history import AnyEvent

PROBE = Path(harness.probe.__file__).parent

APP = """
    import os
    from celery import Celery
    from jobs import bodies

    here = os.path.dirname(os.path.abspath(__file__))
    app = Celery("little", broker="filesystem://")
    app.conf.update(
        broker_transport_options={
            "data_folder_in": here + "/queue",
            "data_folder_out": here + "/queue",
            "control_folder": here + "/control",
        },
        task_acks_late=True,
        worker_prefetch_multiplier=1,
    )

    @app.task(bind=True)
    def power(self, job_id):
        return bodies.run(job_id, "power", 8)

    @app.task
    def fails(job_id):
        return bodies.run(job_id, type="fails", argument=0)

    @app.task
    def chore():
        return 0
"""
BODIES = """
    def run(job_id, type, argument):
        if type == "fails":
            raise ValueError("no such body \\U0001f4a5" * 500)
        return 2 ** argument
"""
PUBLISH = "import app; app.power.delay(job_id=7); app.fails.delay(8); app.chore.delay()"


def write_app(folder: Path) -> Path:
    """Write the little app into a folder."""
    for name in ("queue", "control", "jobs"):
        (folder / name).mkdir()
    (folder / "app.py").write_text(textwrap.dedent(APP))
    (folder / "jobs" / "__init__.py").touch()
    (folder / "jobs" / "bodies.py").write_text(textwrap.dedent(BODIES))
    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment that switches the probe on."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROBE),
        "PROBE_LOG": str(folder / "attempts.jsonl"),
        "PROBE_CONTAINER": "worker",
        # A worker that is killed leaves what its pool keeps there.
        "TMPDIR": str(folder),
        **more,
    }


def run(folder: Path, code: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in the folder, with the probe on, to its end."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return the ledger's lines; each must be whole, an event, and below 4 kB."""
    path = folder / "attempts.jsonl"
    raw = list(filter(None, path.read_bytes().split(b"\n"))) if path.exists() else []
    for line in raw:
        assert len(line) < 4096
        msgspec.json.decode(line, type=AnyEvent)
    return [json.loads(line) for line in raw]


def of(kind: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of one kind."""
    return [line for line in found if line["kind"] == kind]


def start_worker(folder: Path) -> subprocess.Popen[bytes]:
    """Start a prefork worker with one child."""
    command = [sys.executable, "-m", "celery", "-A", "app", "worker", "-c", "1"]
    with (folder / "worker.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--without-mingle", "--without-gossip", "--without-heartbeat"],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )


def wait_for(
    folder: Path, kind: str, *, count: int = 1, worker: subprocess.Popen[bytes]
) -> list[dict[str, Any]]:
    """Wait for so many lines of a kind, while the worker lives, and return them."""
    done = wait_until(
        lambda: worker.poll() or len(of(kind, lines(folder))) >= count,
        within_seconds=20,
    )
    if done is not True:
        pytest.fail((folder / "worker.log").read_text())
    return of(kind, lines(folder))


def stop(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and its children, and wait for it."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
