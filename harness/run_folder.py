"""The folder of a run: where its evidence goes, and `run.json`, which says what was
asked for.

It exists so that a run can be judged and drawn from its folder alone, and so that
`reports/latest` never points at something half made.
"""

import os
import platform
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec
import psutil

from harness.clock import stamp
from harness.errors import EvidenceNotWritten
from harness.history import Host, RunFacts


def new(reports: Path) -> Path:
    """Name the folder of a new run, which is not there yet."""
    return reports / f"{stamp()}-{secrets.token_hex(2)}"


def create(reports: Path) -> Path:
    """Make the folder of a new run. Raises EvidenceNotWritten."""
    folder = new(reports)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise EvidenceNotWritten(
            f"the run's folder {folder} could not be made: {error}"
        ) from error
    return folder


def write_facts(folder: Path, facts: RunFacts) -> None:
    """Write run.json by rename. Raises EvidenceNotWritten."""
    path = folder / "run.json"
    draft = folder / ".run.json.draft"
    try:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=2))
        draft.replace(path)
    except OSError as error:
        raise EvidenceNotWritten(
            f"{path} could not be written: {error}. Free some space or choose another "
            "folder with --reports, then run again."
        ) from error


def point_latest_at(folder: Path) -> None:
    """Let `latest` beside the folder point at it, from one moment to the next.

    Raises EvidenceNotWritten where something else has that name.
    """
    latest = folder.parent / "latest"
    draft = folder.parent / f".latest-{secrets.token_hex(4)}"
    try:
        draft.symlink_to(folder.name)
        draft.replace(latest)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise EvidenceNotWritten(
            f"{latest} cannot be made to point at {folder.name}: {error}. If it is no "
            "link, move it away."
        ) from error


def told_apart(versions: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return what all parts of a run agree on, and elsewhere which part had which.

    `versions` is part -> package, service or image -> its version.
    """
    told = {}
    for key in dict.fromkeys(key for each in versions.values() for key in each):
        parts: dict[str, list[str]] = {}
        for name, each in versions.items():
            if key in each:
                parts.setdefault(each[key], []).append(name)
        apart = (f"{value} ({', '.join(names)})" for value, names in parts.items())
        told[key] = next(iter(parts)) if len(parts) == 1 else ", ".join(apart)
    return told


def this_host() -> Host:
    """Describe the machine without naming it."""
    return Host(
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        kernel=platform.release(),
    )
