"""The record of open faults: what is broken right now, and how to undo it.

It exists so that no fault outlives the harness: each one is on disk, flushed,
before it is injected, and whoever comes later (the guard, `harness recover`) can
heal it without knowing what the harness was doing.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import msgspec

from harness.errors import EvidenceNotWritten, FaultNotHealed
from harness.stack.undoing import Undo, undo


class OpenFault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault on record."""

    name: str
    lane: str
    undo: Undo


_FILE = "open_faults.json"
_lock = threading.Lock()


@contextlib.contextmanager
def on_record(folder: Path, fault: OpenFault) -> Iterator[None]:
    """Keep the fault on record while the block runs.

    It stays there when the block fails: what could not be healed must be found.
    """
    _change(folder, add=fault)
    yield
    forget(folder, fault)


def read(folder: Path) -> list[OpenFault]:
    """Return the open faults, oldest first; none where there is no record."""
    try:
        text = (folder / _FILE).read_bytes()
    except FileNotFoundError:
        return []
    return msgspec.json.decode(text, type=list[OpenFault])


def forget(folder: Path, fault: OpenFault) -> None:
    """Take a fault off the record: it is healed."""
    _change(folder, remove=fault)


def _change(
    folder: Path, *, add: OpenFault | None = None, remove: OpenFault | None = None
) -> None:
    """Rewrite the record by rename, flushed, so that no reader sees half of it."""
    with _lock:
        faults = [fault for fault in read(folder) if fault != remove]
        if add is not None:
            faults.append(add)
        path = folder / _FILE
        draft = path.with_suffix(".draft")
        try:
            with draft.open("wb") as file:
                file.write(msgspec.json.encode(faults))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise EvidenceNotWritten(
                f"the record of open faults could not be written to {path}: {error}. "
                "Free some space, then run again."
            ) from error


def undo_all(
    folder: Path, engine: docker.DockerClient, *, times: int = 1
) -> list[OpenFault]:
    """Undo what is on record, last in first out; return what could not be undone.

    Several times where whoever injected may have been killed in the middle of it, with
    a request still under way in the engine.
    """
    faults = read(folder)[::-1]
    left: list[OpenFault] = []
    for _ in range(times):
        left = [fault for fault in faults if not _is_undone(fault, engine)]
    for fault in faults:
        if fault not in left:
            forget(folder, fault)
    return left


def _is_undone(fault: OpenFault, engine: docker.DockerClient) -> bool:
    try:
        undo(fault.undo, engine)
    except FaultNotHealed as why:
        print(f"{fault.name} of {fault.lane}: not healed: {why}", file=sys.stderr)
        return False
    return True
