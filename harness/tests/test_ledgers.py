"""The ledgers go around the faults: with every link broken at once they still tell.

It runs a story as people do, on the real stack, and counts from the raw history what
the report must not get wrong.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.history import (
    LEDGERS,
    ApiSeen,
    AttemptLeft,
    Clock,
    DatabaseConnected,
    History,
    LedgerEnd,
    MachineSeen,
    QueueSeen,
    Row,
    SubmitEnded,
    Transition,
    read,
)

PROJECT = Path(__file__).parents[2]
STORY = "harness/tests/stories/everything_refused.py"
DESIGNS = ("tutorial", "outbox")
LOST = {"lost_record", "stranded_pending", "stranded_started"}


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = tmp_path_factory.mktemp("reports")
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", STORY, f"--designs={','.join(DESIGNS)}"),
            *(f"--reports={reports}", "-p", "no:cacheprovider"),
        ],
        cwd=PROJECT,
        timeout=300,
        check=False,
    )
    return reports / "latest"


def _cell(run: Path, design: str) -> tuple[dict[str, Any], History]:
    cells = json.loads((run / "results.json").read_text())["cells"]
    (result,) = (cell for cell in cells if cell["design"] == design)
    return result, read(run / "everything_refused" / design / "history.jsonl")


@pytest.mark.engine
@pytest.mark.parametrize("design", DESIGNS)
def test_no_job_that_finished_is_called_lost(run: Path, design: str) -> None:
    """Finished by the trigger's log or by its row, whatever the faults hid."""
    result, history = _cell(run, design)
    finished = {e.key for e in history.of(Transition) if e.new == "finished"}
    finished |= {e.key for e in history.of(Row) if e.status == "finished"}
    called_lost = {
        key
        for found in result["guarantees"].values()
        for anomaly in found["anomalies"]
        if anomaly["kind"] in LOST
        for key in anomaly["jobs"]
    }

    assert len(finished) > 20
    assert not finished & called_lost
    assert len(result["faults"]) == 3
    assert not any(fault["problem"] for fault in result["faults"])


@pytest.mark.engine
@pytest.mark.parametrize("design", DESIGNS)
def test_the_books_balance(run: Path, design: str) -> None:
    """And the cell has a verdict: no ledger was hidden by a fault."""
    result, history = _cell(run, design)
    books = result["accounting"]
    ends = ("once", "more_than_once", "dead_lettered", "lost", "stuck")

    # Whether the tutorial is harmed is luck: where web hears nothing, nothing is asked.
    assert result["verdict"] in ("kept", "kept" if design == "outbox" else "weakness")
    assert books["accepted"] + books["recovered"] == sum(books[each] for each in ends)
    assert books["asked"] == len({event.key for event in history.of(SubmitEnded)})
    assert {end.ledger for end in history.of(LedgerEnd)} == set(LEDGERS)


@pytest.mark.engine
@pytest.mark.parametrize("design", DESIGNS)
def test_each_ledger_holds_what_it_is_there_for(run: Path, design: str) -> None:
    """The API's view of each row, who wrote it, the queues and the machine, clocks."""
    _, history = _cell(run, design)
    rows = {(e.job, e.status, e.result) for e in history.of(Row)}
    opened = {event.backend_pid for event in history.of(DatabaseConnected)}
    samples = history.of(QueueSeen)

    assert {(e.job, e.status, e.result) for e in history.of(ApiSeen)} == rows
    assert {event.backend_pid for event in history.of(Transition)} <= opened
    assert history.of(AttemptLeft)
    assert any(sample.final for sample in samples)
    assert len([sample for sample in samples if sample.queue == "default"]) > 10
    assert len(looks := history.of(MachineSeen)) > 10
    assert all(0 <= look.idle <= 1 and look.since < look.time for look in looks)
    assert {clock.ledger for clock in history.of(Clock)} == {"attempts", "database"}
