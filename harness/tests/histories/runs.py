"""Run folders for tests: cells of each verdict, and runs that ended badly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from harness.history import HarnessFailed, RunFacts
from harness.tests.histories import damage
from harness.tests.histories.build import (
    Facts,
    cell,
    facts,
    lines,
    promising,
    sealed,
)


def put(
    folder: Path,
    design: str = "careful",
    *,
    scenario: str = "story",
    harm: Callable[[Facts, int], Facts] | None = None,
    promises: tuple[str, ...] = ("every_job_starts",),
    **fields: Any,
) -> Path:
    """Write the history of one cell into the run folder, and return its path."""
    asked = cell(
        scenario=scenario, design=design, promises=promising(*promises), **fields
    )
    events = facts(3, asked=asked)
    path = folder / scenario / design / "history.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(lines(sealed(harm(events, 2) if harm else events)))
    return path


def run_json(folder: Path, **fields: Any) -> None:
    """Write run.json as the conductor does."""
    asked: dict[str, Any] = {
        "id": "r1",
        "seed": 7,
        "started_at": 1_700_000_000.0,
        "seconds": 60.0,
        "command": "pytest scenarios",
    }
    (folder / "run.json").write_bytes(msgspec.json.encode(RunFacts(**(asked | fields))))


def kept(folder: Path) -> None:
    """A cell that keeps its promise."""
    put(folder, "kept")


def broke(folder: Path) -> None:
    """A cell that breaks its promise."""
    put(folder, "broke", harm=damage.stranded_pending)


def weak(folder: Path) -> None:
    """A cell with harm that nobody promised to avoid."""
    put(folder, "weak", harm=damage.stranded_pending, promises=())


def none(folder: Path) -> None:
    """A cell whose history is empty."""
    put(folder, "none").write_bytes(b"")


def failed(folder: Path) -> None:
    """A cell in which the harness failed."""
    put(
        folder,
        "failed",
        harm=lambda events, _: [*events, HarnessFailed(time=1.0, because="boom")],
    )


def interrupted(folder: Path) -> None:
    """A run that was interrupted."""
    run_json(folder, interrupted=True)


def lost_stack(folder: Path) -> None:
    """A run whose stack did not come up."""
    run_json(folder, harness_error="the stack did not come up")


def harming(jobs: int, **fields: Any) -> Callable[[Facts, int], Facts]:
    """Return a harm that strands each of `jobs` jobs of a cell with these fields."""

    def harm(_: Facts, __: int) -> Facts:
        events = facts(jobs, asked=cell(**fields))
        for number in range(1, jobs + 1):
            events = damage.stranded_pending(events, number)
        return events

    return harm
