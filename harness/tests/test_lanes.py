"""Designs that run with several versions of Celery: what pytest selects and refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.scenario import Scenario
from harness.selection import wrong_claim
from harness.workload import jobs

PROJECT = Path(__file__).parents[2]
STORIES = "harness/tests/stories"
TWO = ("--designs=late_ack,outbox", "--celery=5.6.3,5.7.0")


def pytest_run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run pytest as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "-p", "no:cacheprovider"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "lanes"),
    [
        ((), ["late_ack", "outbox"]),
        (TWO, [f"{d}@{v}" for d in ("late_ack", "outbox") for v in ("5.6.3", "5.7.0")]),
        ((*TWO, "-k", "late_ack"), ["late_ack@5.6.3", "late_ack@5.7.0"]),
        ((*TWO, "-k", "late_ack and 5.6.3"), ["late_ack@5.6.3"]),
        (
            ("--celery=5.6.3+kombu5.7.0",),
            [f"{d}@5.6.3+kombu5.7.0" for d in ("late_ack", "outbox")],
        ),
    ],
)
def test_there_is_a_test_for_each_design_with_each_version(
    options: tuple[str, ...], lanes: list[str]
) -> None:
    """Named by both; without the option, by the design alone."""
    listed = ("--collect-only", "-q", "--designs=late_ack,outbox", *options)
    done = pytest_run("scenarios/test_baseline.py", *listed)
    ids = [line for line in done.stdout.splitlines() if "::" in line]
    assert [each.partition("[")[2].rstrip("]") for each in ids] == lanes


def test_what_is_not_run_is_named_by_its_lane(tmp_path: Path) -> None:
    """In run.json, results.json and junit.xml; the design is told as well."""
    done = pytest_run(f"{STORIES}/not_possible.py", *TWO, f"--reports={tmp_path}")
    assert done.returncode == 5, done.stdout
    run = tmp_path / "latest"
    facts = json.loads((run / "run.json").read_text())
    assert facts["designs"] == ["late_ack", "outbox"]
    lanes = [lane for _, lane in facts["cells"]]
    assert lanes == ["late_ack@5.6.3", "late_ack@5.7.0", "outbox@5.6.3", "outbox@5.7.0"]
    results = json.loads((run / "results.json").read_text())
    assert [each["lane"] for each in results["not_run"]] == lanes
    assert results["not_run"][0]["design"] == "late_ack"
    assert 'testsuite name="outbox@5.7.0"' in (run / "junit.xml").read_text()


def test_what_is_no_version_is_a_usage_error() -> None:
    """One line, before anything starts."""
    done = pytest_run("scenarios/test_baseline.py", "--celery=new")
    assert done.returncode == 4
    assert "ERROR: --celery new: 'new' is no version" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"bites": {"late_ack": {"nothing: why"}}}, "bites names 'nothing', which no"),
        ({"bites": {"late_ack": {"overlap: redelivered"}}}, None),
        ({"bites_in": {"5.6.3": True}}, "bites_in names Celery 5.6.3, and bites names"),
        (
            {"bites": {"late_ack": {"overlap"}}, "bites_in": {"new": True}},
            "bites_in names 'new'; write a version",
        ),
        (
            {"limits": {"recovers_in_time": 90}},
            "limits names 'recovers_in_time' within 90 s, and that may be 60 s at most",
        ),
        ({"limits": {"recovers_in_time": 9}}, None),
        ({"limits": {"runs_once": 1}}, "limits names 'runs_once' within 1 s"),
    ],
)
def test_a_scenario_that_asks_for_what_cannot_be_is_told_so(
    asked: dict[str, Any], said: str | None
) -> None:
    """Before anything starts: a slip would otherwise ask for nothing, and be kept."""
    found = wrong_claim(Scenario(workload=jobs(), **asked))
    assert found is None if said is None else said in (found or "")
