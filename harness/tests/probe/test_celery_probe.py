"""The probe in real processes: a publisher and a prefork worker of a little app.

The broker is kombu's file system transport, so there is no network and no engine.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

import harness.probe
from harness import history
from harness.clock import now, wait_until

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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the little app into a folder of its own."""
    for name in ("queue", "control", "jobs"):
        (tmp_path / name).mkdir()
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    (tmp_path / "jobs" / "__init__.py").touch()
    (tmp_path / "jobs" / "bodies.py").write_text(textwrap.dedent(BODIES))
    return tmp_path


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment that switches the probe on."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROBE),
        "PROBE_LOG": str(folder / "attempts.jsonl"),
        "PROBE_CONTAINER": "outbox/worker",
        **more,
    }


def run(folder: Path, code: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in the folder, with the probe on, to its end."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return the ledger's lines; each must be whole, JSON and below 4 kB."""
    path = folder / "attempts.jsonl"
    raw = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    assert all(line.endswith(b"\n") and len(line) < 4096 for line in raw)
    return [json.loads(line) for line in raw]


def of(kind: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of one kind."""
    return [line for line in found if line["kind"] == kind]


def work(folder: Path, until: int, **more: str) -> subprocess.Popen[bytes]:
    """Start a prefork worker and wait until so many tasks have ended."""
    command = [sys.executable, "-m", "celery", "-A", "app", "worker", "-c", "1"]
    with (folder / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [*command, "--without-mingle", "--without-gossip", "--without-heartbeat"],
            cwd=folder,
            env=environment(folder, **more),
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    done = wait_until(
        lambda: len(of("task_ended", lines(folder))) >= until or worker.poll(),
        within_seconds=20,
    )
    if done is not True:
        stop(worker)
        pytest.fail((folder / "worker.log").read_text())
    return worker


def stop(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and its children, and wait for it."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def test_jobs_from_publish_to_end(folder: Path) -> None:
    """Publisher and worker write every step, in the shape of the history's events.

    A body's error is kept, shortened, and raised as before. A chore has no job.
    """
    begun = now()
    published = run(folder, PUBLISH)
    assert (published.returncode, published.stderr) == (0, "")
    stop(work(folder, until=3))
    found = lines(folder)
    for line in found:
        event = msgspec.convert(line, history.AnyEvent)
        assert begun < event.time < now()
        assert line["container"] == "outbox/worker"
    task = of("publish_begun", found)[0]["task"]
    assert [line["kind"] for line in found if line.get("task") == task] == [
        "publish_begun",
        "publish_ended",
        "delivered",
        "attempt_entered",
        "attempt_left",
        "task_ended",
    ]
    assert {line["job"] for line in found if line.get("task") == task} == {7}
    assert not of("publish_ended", found)[0]["confirmed"]
    assert of("delivered", found)[0]["redelivered"] is False
    publisher = of("publish_begun", found)[0]["process"]
    assert of("delivered", found)[0]["process"] != publisher
    left = {line["job"]: line for line in of("attempt_left", found)}
    assert left[7]["outcome"] == "returned"
    assert left[8]["outcome"] == "raised"
    assert left[8]["error"].startswith("ValueError('no such body")
    ended = {line["job"]: line["state"] for line in of("task_ended", found)}
    assert ended == {7: "SUCCESS", 8: "FAILURE", None: "SUCCESS"}


def test_the_full_probe(folder: Path) -> None:
    """Acknowledgements, births and deaths of pool children are written as well."""
    run(folder, PUBLISH)
    worker = work(folder, until=3, PROBE_FULL="1")
    try:
        wait_until(
            lambda: len(of("acknowledged", lines(folder))) == 3, within_seconds=5
        )
        found = lines(folder)
        acknowledged = of("acknowledged", found)
        assert {line["job"] for line in acknowledged} == {7, 8, None}
        assert {line["process"] for line in acknowledged} == {worker.pid}
        child = of("child_born", found)[0]["process"]
        assert child == of("delivered", found)[0]["process"]
        os.kill(child, signal.SIGKILL)
        assert wait_until(lambda: of("child_died", lines(folder)), within_seconds=10)
        died = of("child_died", lines(folder))[0]
        assert (died["child"], died["exitcode"], died["process"]) == (
            child,
            -signal.SIGKILL,
            worker.pid,
        )
    finally:
        stop(worker)


def test_each_try_to_publish_is_a_pair(folder: Path) -> None:
    """A publish that kombu repeats shows one pair of lines a try, with the error."""
    code = """
        import socket, app
        from celery import Celery
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        app.app.conf.update(broker_url=f"amqp://127.0.0.1:{port}//")
        policy = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
        try:
            app.power.apply_async(kwargs={"job_id": 7}, retry_policy=policy)
        except Exception as error:
            print(type(error).__name__)
    """
    ended = run(folder, textwrap.dedent(code))
    assert ended.stdout == "OperationalError\n", ended.stderr
    found = lines(folder)
    assert of("publish_begun", found)
    for line in of("publish_ended", found):
        assert line["confirmed"] is False
        assert "refused" in line["error"]
    assert len(of("publish_begun", found)) == len(of("publish_ended", found))


def test_nothing_without_a_ledger(folder: Path) -> None:
    """Where PROBE_LOG is not set the probe is not even imported."""
    code = "import sys, app; print('celery_probe' in sys.modules, len(sys.meta_path))"
    off = run(folder, code, PROBE_LOG="")
    on = run(folder, code)
    assert off.stdout.startswith("False")
    assert on.stdout.startswith("True")


def test_a_ledger_that_cannot_be_written(folder: Path) -> None:
    """The app runs on; the log says so once; the loss is told when writing works."""
    code = """
        import os, app
        from jobs import bodies
        print(bodies.run(1, "power", 8), bodies.run(2, "power", 8))
        os.rmdir(os.environ["PROBE_LOG"])
        bodies.run(3, "power", 8)
    """
    (folder / "attempts.jsonl").mkdir()
    ended = run(folder, textwrap.dedent(code))
    assert (ended.returncode, ended.stdout) == (0, "256 256\n")
    assert ended.stderr.count("probe:") == 1
    failed, entered, _ = lines(folder)
    assert failed["because"] == "4 lines could not be written"
    assert entered["job"] == 3


def test_a_dead_letter_that_fails_its_job(folder: Path) -> None:
    """It is told once the job is failed, and not where the job had ended before."""
    (folder / "jobs" / "attempts.py").write_text(
        "def fail_dead_letter(job_id): return job_id == 7\n"
    )
    run(
        folder,
        "from jobs import attempts; "
        "attempts.fail_dead_letter(7); attempts.fail_dead_letter(8)",
    )
    (line,) = lines(folder)
    assert (line["kind"], line["job"]) == ("dead_lettered", 7)


def test_a_hook_that_does_not_fit(folder: Path) -> None:
    """A module that is not what the probe knows is told in the ledger, not raised."""
    (folder / "jobs" / "bodies.py").write_text("def walk(): pass\n")
    ended = run(folder, "import jobs.bodies; print('fine')")
    assert ended.stdout == "fine\n"
    (failed,) = lines(folder)
    assert failed["kind"] == "probe_failed"
    assert "jobs.bodies is not watched" in failed["because"]


def test_a_module_keeps_all_that_imports_promise(folder: Path) -> None:
    """A watched module can still be reloaded, inspected and run once only."""
    code = """
        import importlib, inspect, jobs.bodies
        importlib.reload(jobs.bodies)
        print("def run" in inspect.getsource(jobs.bodies), jobs.bodies.__spec__.origin)
    """
    ended = run(folder, textwrap.dedent(code))
    assert ended.stdout.startswith("True"), ended.stderr
    assert lines(folder) == []


def test_many_writers_and_a_sudden_death(folder: Path) -> None:
    """Eight processes write at once and are killed: no line is broken."""
    code = """
        import os, sys
        sys.path.insert(0, os.environ["PYTHONPATH"])
        from celery_probe import lines
        for _ in range(3):
            os.fork()
        number = 0
        while True:
            number += 1
            lines.write("attempt_left", job=number, task="t" * 36, error="e" * 400)
    """
    writers = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment(folder),
        start_new_session=True,
    )
    path = folder / "attempts.jsonl"
    wait_until(
        lambda: path.exists() and path.stat().st_size > 5_000_000, within_seconds=20
    )
    stop(writers)
    found = lines(folder)
    assert len(found) > 5_000
    by_process: Mapping[int, list[int]] = {line["process"]: [] for line in found}
    assert len(by_process) == 8
    for line in found:
        by_process[line["process"]].append(line["job"])
    for numbers in by_process.values():
        assert numbers == list(range(1, len(numbers) + 1))
