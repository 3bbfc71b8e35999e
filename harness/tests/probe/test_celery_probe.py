"""What the probe writes in the processes of a little app."""

import os
import signal
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import now
from harness.tests.probe.little_app import (
    PUBLISH,
    lines,
    of,
    run,
    start_worker,
    stop,
    wait_for,
    write_app,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Have the little app in a folder of its own."""
    return write_app(tmp_path)


@pytest.fixture
def begun() -> float:
    """Return the time before anything happened."""
    return now()


@pytest.fixture
def worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Have three tasks published, and a worker that takes them."""
    published = run(folder, PUBLISH)
    assert (published.returncode, published.stderr) == (0, "")
    worker = start_worker(folder)
    yield worker
    stop(worker)


def test_jobs_from_publish_to_end(
    folder: Path, begun: float, worker: subprocess.Popen[bytes]
) -> None:
    """Publisher and worker write every step, in the shape of the history's events.

    A body's error is kept, shortened, and raised as before. A chore has no job.
    """
    wait_for(folder, "acknowledged", count=3, worker=worker)
    found = lines(folder)
    for line in found:
        assert begun < line["time"] < now()
        assert line["container"] == "worker"
    task = of("publish_begun", found)[0]["task"]
    assert [line["kind"] for line in found if line.get("task") == task] == [
        "publish_begun",
        "publish_ended",
        "delivered",
        "attempt_entered",
        "attempt_left",
        "task_ended",
        "acknowledged",
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
    assert not any(line["keeps_result"] for line in of("task_ended", found))
    acknowledged = of("acknowledged", found)
    assert {line["process"] for line in acknowledged} == {worker.pid}
    assert len({line["delivery_tag"] for line in acknowledged}) == 3


def test_a_task_keeps_its_result_in_redis_unless_it_says_otherwise(
    folder: Path,
) -> None:
    """For ten minutes at least: one that is kept for less may well be gone."""
    said = run(
        folder,
        """
        from celery import Celery
        from celery_probe.tasks import _keeps_result

        def work():
            return 0

        def keeps(**conf):
            app = Celery("keeps", set_as_current=False)
            app.conf.update(conf)
            return _keeps_result(app.task(work))

        REDIS = "redis://127.0.0.1:1/0"
        print(
            keeps(result_backend=REDIS),
            keeps(result_backend=REDIS, result_expires=600),
            keeps(result_backend=REDIS, result_expires=None),
            keeps(result_backend=REDIS, result_expires=599),
            keeps(result_backend=REDIS, task_ignore_result=True),
            keeps(result_backend="rpc://"),
            keeps(),
        )
        """,
    )
    kept = "True True True False False False False\n"
    assert (said.stdout, said.stderr) == (kept, "")


def test_a_pool_child_is_born_and_dies(
    folder: Path, worker: subprocess.Popen[bytes]
) -> None:
    """It says itself that it lives, and the main process how it ended."""
    wait_for(folder, "acknowledged", count=3, worker=worker)
    found = lines(folder)
    child = of("child_born", found)[0]["process"]
    assert child == of("delivered", found)[0]["process"]
    os.kill(child, signal.SIGKILL)
    (died,) = wait_for(folder, "child_died", worker=worker)
    assert (died["child"], died["exitcode"], died["process"]) == (
        child,
        -signal.SIGKILL,
        worker.pid,
    )
    assert len(wait_for(folder, "child_born", count=2, worker=worker)) == 2


def test_a_message_that_is_given_back(folder: Path) -> None:
    """A rejection says whether the message is to be queued again, and what failed."""
    code = """
        import app
        app.power.delay(job_id=7)
        with app.app.connection() as connection:
            queue = connection.SimpleQueue("celery")
            for give_back in ("requeue", "reject"):
                getattr(queue.get(timeout=5), give_back)()
            try:
                queue.get(timeout=0.1)
            except queue.Empty:
                print("empty")
    """
    ended = run(folder, textwrap.dedent(code))
    assert ended.stdout == "empty\n", ended.stderr
    rejected = of("rejected", lines(folder))
    assert [line["requeue"] for line in rejected] == [True, False]
    assert {line["job"] for line in rejected} == {7}


def test_a_connection_to_postgres_is_told_by_its_backend(folder: Path) -> None:
    """By Django's own signal; other databases have no such number."""
    code = """
        from types import SimpleNamespace as Some
        from django.db.backends.signals import connection_created
        served = Some(info=Some(backend_pid=4711))
        for vendor in ("sqlite", "postgresql"):
            connection = Some(vendor=vendor, connection=served)
            connection_created.send(sender=None, connection=connection)
    """
    ended = run(folder, textwrap.dedent(code))
    assert ended.returncode == 0, ended.stderr
    (connected,) = of("database_connected", lines(folder))
    assert connected["backend_pid"] == 4711


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
