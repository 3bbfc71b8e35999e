"""The record of open faults: what is broken right now, and how to undo it.

It exists so that no fault outlives the harness: each one is on disk, flushed,
before it is injected, and whoever comes later (the guard, `harness recover`) can
heal it without knowing what the harness was doing.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import msgspec

from harness.stack.toxiproxy import Toxiproxy


class HealProxies(msgspec.Struct, frozen=True, kw_only=True, tag="heal_proxies"):
    """Undo a fault on links: heal these proxies of this Toxiproxy."""

    toxiproxy_url: str
    proxies: tuple[str, ...]


class StartContainer(msgspec.Struct, frozen=True, kw_only=True, tag="start_container"):
    """Undo a kill: start the container again, if it is still there."""

    container: str


class NothingToUndo(msgspec.Struct, frozen=True, kw_only=True, tag="nothing"):
    """The fault ends by itself, or by what supervises its victim."""


Undo = HealProxies | StartContainer | NothingToUndo


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
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(faults))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def undo(fault: OpenFault, engine: docker.DockerClient) -> None:
    """Undo one fault. Idempotent: what is already gone counts as undone."""
    match fault.undo:
        case HealProxies(toxiproxy_url=url, proxies=names):
            toxiproxy = Toxiproxy(url)
            for name in names:
                toxiproxy.heal(name)
        case NothingToUndo():
            pass
        case StartContainer(container=container):
            with contextlib.suppress(docker.errors.NotFound):
                engine.containers.get(container).start()
