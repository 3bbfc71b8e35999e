"""However a run ends, nothing is left broken, nothing is left behind, and the report
of what ran is there. Each of these runs pytest as people do, on the real stack.
"""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.clock import now, wait_until
from harness.stack import guard, open_faults
from harness.stack.engine import connect
from harness.stack.guard import down
from harness.stack.session import (
    PLACE,
    SESSION,
    claim,
    containers,
    networks,
    new_session,
)
from harness.stack.start import toxiproxy_at
from harness.stack.undoing import NothingToUndo
from harness.tests.stories.one_fault import FAULTS

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parents[2]
STORY = "harness/tests/stories/short_outage.py"
ONE_FAULT = "harness/tests/stories/one_fault.py"


@pytest.fixture(name="engine")
def _engine() -> Iterator[docker.DockerClient]:
    engine = connect()
    yield engine
    engine.close()


class _Pytest:
    """pytest in a process of its own, with what it has printed so far."""

    def __init__(
        self,
        reports: Path,
        *options: str,
        story: str = STORY,
        log: Path | None = None,
        **environment: str,
    ) -> None:
        self.reports = reports
        self.output = (log or reports.parent) / f"{reports.name}{'-'.join(options)}.log"
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", story, "--designs=outbox"),
                    *(f"--reports={reports}", "-p", "no:cacheprovider", *options),
                ],
                cwd=PROJECT,
                env=os.environ | environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, text: str) -> None:
        """Wait until it has printed this, or fail with what it printed instead."""
        wait_until(
            lambda: text in self.text() or self.process.poll() is not None,
            within_seconds=120,
        )
        assert text in self.text(), self.text()

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def ends(self) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(timeout=120)

    def results(self) -> dict[str, Any]:
        """Return results.json of the newest run."""
        results: dict[str, Any] = json.loads(
            (self.reports / "latest" / "results.json").read_text()
        )
        return results

    def session(self) -> str:
        """Return the session that belongs to this process."""
        return self._guard()[0]

    def session_folder(self) -> Path:
        """Return the session's folder, which has the record of open faults."""
        return Path(self._guard()[1])

    def _guard(self) -> list[str]:
        """Return the arguments of this process's guard."""
        guard = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-af", "harness.stack.guard"],
            capture_output=True,
            text=True,
            check=True,
        )
        return guard.stdout.split("harness.stack.guard ")[1].split()


def _left(engine: docker.DockerClient, session: str) -> list[str]:
    found = containers(engine, session) + networks(engine, session)
    guards = subprocess.run(
        ["pgrep", "-f", f"harness.stack.guard {session}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return [each.name for each in found] + guards.stdout.split()


def test_a_killed_harness_leaves_nothing_behind(
    engine: docker.DockerClient, tmp_path: Path
) -> None:
    """Killed in the middle of an outage, all of it is gone ten seconds later."""
    run = _Pytest(tmp_path / "reports")
    run.wait_for("confirmed")
    session = run.session()
    assert _left(engine, session)

    run.process.kill()
    run.process.wait()
    killed = now()

    wait_until(lambda: not _left(engine, session), within_seconds=20)
    assert _left(engine, session) == []
    assert now() - killed < 10


# What `make test` has time for, and `make faults`.
_SAMPLE, _ALL = 1, 20


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(n, marks=() if n < _SAMPLE else pytest.mark.every_fault)
        for n in range(_ALL)
    ],
)
def test_killed_at_any_moment_of_any_fault(
    number: int, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """Ten seconds later all is gone; a kept stack is healthy, and is used again."""
    luck = random.Random(number)
    fault = luck.choice(sorted(FAULTS))
    keep = number % 2 == 0
    options = ("--keep-stack",) if keep else ()
    run = _Pytest(tmp_path / fault, *options, story=ONE_FAULT, FAULT=fault)
    try:
        run.wait_for("workload")
        session, folder = run.session(), run.session_folder()
        wait_until(lambda: open_faults.read(folder), within_seconds=60)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.process.wait(timeout=luck.uniform(0, 5))
        run.process.kill()
        run.process.wait()
        killed = now()

        def wrong() -> list[str]:
            if not keep:
                return _left(engine, session)
            # A fault that is healed is on record until the guard has written so.
            on_record = [each.name for each in open_faults.read(folder)]
            return _sick(engine, session) + on_record

        wait_until(lambda: not wrong(), within_seconds=20)
        assert wrong() == []
        assert now() - killed < 10
        if keep:
            again = _Pytest(tmp_path / "again", "--keep-stack")
            assert again.ends() == 0, again.text()
            assert "found the kept stack" in again.text()
    finally:
        down()


def _sick(engine: docker.DockerClient, session: str) -> list[str]:
    """Name what of a kept stack is not as it should be."""
    found = [
        each.name
        for each in containers(engine, session)
        if each.status != "running" or not each.labels.get(PLACE)
    ]
    return found + ([] if all(_proxies_are_clean(engine, session)) else ["a proxy"])


@pytest.mark.every_fault
def test_a_container_that_is_removed(
    engine: docker.DockerClient, tmp_path: Path
) -> None:
    """In the middle of its fault: the cell has no verdict, and says what is gone."""
    run = _Pytest(tmp_path / "reports", story=ONE_FAULT, FAULT="stop")
    run.wait_for("confirmed")
    labels = [f"{SESSION}={run.session()}", f"{PLACE}=outbox/worker"]
    (worker,) = engine.containers.list(all=True, filters={"label": labels})
    worker.remove(force=True)

    assert run.ends() == 3, run.text()
    assert [cell["verdict"] for cell in run.results()["cells"]] == ["none"]
    assert "the container of worker is gone altogether" in run.text()


@pytest.mark.every_fault
def test_an_engine_that_goes_away(tmp_path: Path) -> None:
    """In the middle of a fault: the cell has no verdict, and the report is there."""
    socket = tmp_path / "engine.sock"
    way = subprocess.Popen(
        [sys.executable, "-m", "harness.tests.engine_proxy", str(socket)],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
    )
    try:
        assert way.stdout is not None
        assert way.stdout.readline() == b"ready\n"
        run = _Pytest(
            tmp_path / "reports",
            story=ONE_FAULT,
            FAULT="kill",
            DOCKER_HOST=f"unix://{socket}",
        )
        run.wait_for("confirmed")
        way.kill()
        way.wait()

        assert run.ends() == 3, run.text()
        assert [cell["verdict"] for cell in run.results()["cells"]] == ["none"]
        assert "the stack could not be removed" in run.text()
        assert "Traceback" not in run.text()
    finally:
        way.kill()
        way.communicate()
        down()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_full(engine: docker.DockerClient, tmp_path: Path) -> None:
    """In the middle of a fault: one clear sentence, no verdict, and nothing is left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        run = _Pytest(disk / "reports", log=tmp_path, story=ONE_FAULT, FAULT="pause")
        run.wait_for("confirmed")
        session = run.session()
        with contextlib.suppress(OSError):
            (disk / "filler").write_bytes(bytes(2_000_000))

        assert run.ends() == 3, run.text()
        assert "No space left on device. Free some space" in run.text()
        assert not list(disk.glob("reports/*/results.json"))
        assert _left(engine, session) == []
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize("found", [True, False])
def test_a_guard_leaves_a_kept_stack_to_who_has_found_it(*, found: bool) -> None:
    """It would heal what the other has just broken, and forget that it is broken."""
    kept = new_session(keep=True, fingerprint="")
    watcher = guard.post(kept)
    fault = open_faults.OpenFault(name="some", lane="outbox", undo=NothingToUndo())
    with contextlib.suppress(RuntimeError), open_faults.on_record(kept.folder, fault):
        raise RuntimeError
    lock = claim(kept) if found else None
    assert watcher.stdin is not None
    watcher.stdin.close()
    assert watcher.wait(30) == 0
    assert bool(open_faults.read(kept.folder)) is found
    if lock is not None:
        os.close(lock)
    shutil.rmtree(kept.folder)


def test_ctrl_c_on_a_kept_stack(engine: docker.DockerClient, tmp_path: Path) -> None:
    """Once ends the story and reports it; twice heals at once.

    The kept stack stays, is found again at once, and `down` removes it.
    """
    try:
        _ctrl_c_once(_Pytest(tmp_path / "once", "--keep-stack"))
        _ctrl_c_twice(_Pytest(tmp_path / "twice", "--keep-stack"), engine)
    finally:
        lines = down()
    assert any("removed" in line for line in lines)


def _ctrl_c_once(run: _Pytest) -> None:
    run.wait_for("confirmed")
    run.process.send_signal(signal.SIGINT)

    assert run.ends() == 2, run.text()
    results = run.results()
    assert [cell["verdict"] for cell in results["cells"]] == ["kept"]
    assert results["run"]["interrupted"]


def _ctrl_c_twice(run: _Pytest, engine: docker.DockerClient) -> None:
    run.wait_for("the stack is up")
    assert "found the kept stack" in run.text()
    found = re.search(r"([\d.]+) s  the stack is up", run.text())
    session = run.session()
    run.wait_for("confirmed")
    run.process.send_signal(signal.SIGINT)
    run.wait_for("Ctrl-C")
    run.process.send_signal(signal.SIGINT)

    assert run.ends() == 2, run.text()
    assert [cell["verdict"] for cell in run.results()["cells"]] == ["none"]
    assert all(_proxies_are_clean(engine, session))
    assert found is not None
    assert float(found[1]) < 5  # half a second on a quiet machine


def _proxies_are_clean(engine: docker.DockerClient, session: str) -> Iterator[bool]:
    labels = [f"{SESSION}={session}", f"{PLACE}=toxiproxy"]
    (container,) = engine.containers.list(filters={"label": labels})
    for state in toxiproxy_at(container).all().values():
        yield state.enabled and not state.toxics
