"""Breakpoints: the harness arms them, and processes of the little app wait there."""

import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.stack.breakpoints import Breakpoints
from harness.tests.probe.little_app import (
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
def worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Have a worker that takes what is published."""
    worker = start_worker(folder)
    yield worker
    stop(worker)


@pytest.mark.parametrize(
    ("point", "before", "after"),
    [
        ("task.started", "delivered", "attempt_entered"),
        ("task.returned", "attempt_left", "task_ended"),
        ("ack.before", "task_ended", "acknowledged"),
    ],
)
def test_a_worker_waits_between_two_steps(
    folder: Path, worker: subprocess.Popen[bytes], point: str, before: str, after: str
) -> None:
    """The second arrival waits there, until it is let go; the others go by."""
    breakpoints = Breakpoints(folder)
    breakpoints.arm(point, 2, ("worker",))
    run(folder, "import app; [app.power.delay(job_id=n) for n in (7, 8, 9)]")

    (reached,) = wait_for(folder, "breakpoint_reached", worker=worker)
    held = reached["job"]
    kinds = [line["kind"] for line in lines(folder) if line.get("job") == held]
    assert kinds[-2:] == [before, "breakpoint_reached"]
    main = point == "ack.before"
    assert (reached["process"] == worker.pid) is main
    assert (reached["point"], reached["nth"]) == (point, 2)
    breakpoints.let_go(point, 2, ("worker",))
    wait_for(folder, "acknowledged", count=3, worker=worker)
    kinds = [line["kind"] for line in lines(folder) if line.get("job") == held]
    then = kinds.index("breakpoint_reached")
    assert kinds[then : then + 3] == ["breakpoint_reached", "breakpoint_left", after]
    assert [line["released"] for line in of("breakpoint_left", lines(folder))] == [True]


@pytest.mark.parametrize(
    ("point", "kinds"),
    [
        ("publish.before", []),
        ("publish.after", ["publish_begun", "publish_ended"]),
    ],
)
def test_a_publisher_waits_around_the_hand_over(
    folder: Path, point: str, kinds: list[str]
) -> None:
    """Before anything is begun, or when all is done and nobody knows it yet."""
    breakpoints = Breakpoints(folder)
    breakpoints.arm(point, 1, ("web", "worker"))
    code = """
        import os, threading, app
        publisher = threading.Thread(target=lambda: app.power.delay(job_id=7))
        publisher.start()
        publisher.join(1)
        print(publisher.is_alive())
        os.unlink("breakpoints/" + os.listdir("breakpoints")[0])
        publisher.join(20)
        print(publisher.is_alive())
    """
    ended = run(folder, textwrap.dedent(code))
    assert ended.stdout == "True\nFalse\n", ended.stderr
    found = [line["kind"] for line in lines(folder)]
    assert found[: len(kinds) + 2] == [*kinds, "breakpoint_reached", "breakpoint_left"]
    assert len(found) == 4


def test_who_writes_waits_before_the_commit(folder: Path) -> None:
    """Before a COMMIT, and before a write outside of a transaction; nowhere else."""
    code = """
        from django.conf import settings
        here = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        settings.configure(DATABASES={"default": here})
        import django
        django.setup()
        from celery_probe import breakpoints
        from django.db import connection, transaction
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE jobs (id int)")
            connection.connection.set_trace_callback(print)
            breakpoints.arrive = lambda point, job: print(point, job)
            cursor.execute("INSERT INTO jobs VALUES (1)")
            cursor.execute("SELECT id FROM jobs")
            with transaction.atomic():
                cursor.execute("UPDATE jobs SET id = 2")
                cursor.execute("DELETE FROM jobs")
    """
    ended = run(folder, textwrap.dedent(code))
    assert ended.stdout.splitlines() == [
        "commit.before None",
        "INSERT INTO jobs VALUES (1)",
        "SELECT id FROM jobs",
        "BEGIN",
        "UPDATE jobs SET id = 2",
        "DELETE FROM jobs",
        "commit.before None",
        "COMMIT",
    ], ended.stderr


def test_arrivals_are_counted_over_all_processes_of_the_role(folder: Path) -> None:
    """Of four hundred in eight processes one waits. Other roles do not count."""
    Breakpoints(folder).arm("task.started", 123, ("worker",))
    Breakpoints(folder).arm("task.started", 1, ("web",))
    code = """
        import os, app
        from celery_probe import breakpoints
        for _ in range(3):
            os.fork()
        for _ in range(50):
            breakpoints.arrive("task.started", 7, at_most_seconds=0.2)
            breakpoints.arrive("task.returned", 7)
        try:
            while True:
                os.wait()
        except ChildProcessError:
            pass
    """
    assert run(folder, textwrap.dedent(code)).returncode == 0
    reached, left = lines(folder)
    assert (reached["kind"], reached["nth"]) == ("breakpoint_reached", 123)
    assert (left["kind"], left["released"]) == ("breakpoint_left", False)
    assert left["time"] - reached["time"] >= 0.2
    armed = folder / "breakpoints" / "task.started@123@worker"
    assert armed.stat().st_size == 400


def test_a_main_process_waits_for_half_its_heartbeat_at_most(folder: Path) -> None:
    """Then its broker has not given it up yet. Without a heartbeat, as all others."""
    code = """
        from types import SimpleNamespace as Some
        from celery_probe import acknowledgements
        for heartbeat in (10, 0, None):
            channel = Some(connection=Some(heartbeat=heartbeat))
            print(acknowledgements._patience_seconds(Some(channel=channel)))
    """
    ended = run(folder, textwrap.dedent(code))
    assert ended.stdout.split() == ["5.0", "30.0", "30.0"], ended.stderr


def test_what_is_let_go_or_was_never_armed_holds_nobody(folder: Path) -> None:
    """Not even one that an earlier harness has left behind, once it is cleared away."""
    breakpoints = Breakpoints(folder)
    breakpoints.clear()
    breakpoints.let_go("task.started", 1, ("worker",))
    breakpoints.arm("task.started", 1, ("worker",))
    breakpoints.arm("task.returned", 1, ("worker",))
    breakpoints.let_go("task.started", 1, ("worker",))
    Breakpoints(folder).clear()
    code = """
        import app
        from celery_probe import breakpoints
        breakpoints.arrive("task.started", 7)
        breakpoints.arrive("task.returned", 7)
    """
    assert run(folder, textwrap.dedent(code)).returncode == 0
    assert lines(folder) == []
