"""However a run ends, nothing is left broken, nothing is left behind, and the report
of what ran is there. Each of these runs pytest as people do, on the real stack.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.clock import now, wait_until
from harness.stack.engine import connect
from harness.stack.guard import down
from harness.stack.session import PLACE, SESSION, containers, networks
from harness.stack.start import toxiproxy_at

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parents[2]
STORY = "harness/tests/stories/short_outage.py"


@pytest.fixture(name="engine")
def _engine() -> Iterator[docker.DockerClient]:
    engine = connect()
    yield engine
    engine.close()


class _Pytest:
    """pytest in a process of its own, with what it has printed so far."""

    def __init__(self, reports: Path, *options: str) -> None:
        self.reports = reports
        self.output = reports.with_suffix(f".{'-'.join(options) or 'plain'}.log")
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", STORY, "--designs=outbox"),
                    *(f"--reports={reports}", "-p", "no:cacheprovider", *options),
                ],
                cwd=PROJECT,
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
        """Return the session that belongs to this process, from the guard's line."""
        guard = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-af", "harness.stack.guard"],
            capture_output=True,
            text=True,
            check=True,
        )
        return guard.stdout.split("harness.stack.guard ")[1].split()[0]


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
