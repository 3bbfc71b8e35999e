"""Faults that begin at a breakpoint, on the real stack."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness import history
from harness.history import (
    AttemptEntered,
    BreakpointLeft,
    BreakpointReached,
    ContainerEnded,
    FaultConfirmed,
    FaultVerified,
)

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parents[3]
STORY = "harness/tests/stories/held.py"


def test_who_waits_at_a_breakpoint_dies_there(tmp_path: Path) -> None:
    """The very process that came, and the job that it had shows it.

    late_ack is what the three deaths tell apart: Celery acknowledges the message of a
    dead child, a dead worker's comes back, and a dead web had published.
    """
    command = [sys.executable, "-m", "pytest", STORY, "--designs=late_ack"]
    ended = subprocess.run(
        [*command, f"--reports={tmp_path}", "-p", "no:cacheprovider"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    told = history.read(tmp_path / "latest" / "held" / "late_ack" / "history.jsonl")

    assert len(told.of(FaultConfirmed)) == len(told.of(FaultVerified)) == 3
    reached = {event.point: event for event in told.of(BreakpointReached)}
    assert {point: each.nth for point, each in reached.items()} == {
        "ack.before": 5,
        "task.started": 30,
        "publish.after": 50,
    }
    assert not told.of(BreakpointLeft)
    assert [each.container for each in told.of(ContainerEnded)] == ["worker", "web"]
    runs = {
        point: sum(1 for event in told.of(AttemptEntered) if event.job == each.job)
        for point, each in reached.items()
    }
    assert runs == {"ack.before": 2, "task.started": 0, "publish.after": 1}
    results = json.loads((tmp_path / "latest" / "results.json").read_text())
    (repeated,) = results["cells"][0]["guarantees"]["effects_happen_once"]["anomalies"]
    # Another child may have ended its job while the worker was held.
    (cause,) = repeated["causes"]
    assert cause["because"] == "2 effects, redelivered, its worker had died"
