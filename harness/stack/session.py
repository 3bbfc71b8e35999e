"""What belongs to whom: the labels on everything that the harness starts.

It exists so that clean-up never depends on memory: whatever carries a session's
label is that session's, whatever does not is never touched.
"""

import atexit
import fcntl
import functools
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors
import requests

from harness.clock import wait_until

SESSION = "celery-proving-ground.session"
KEEP = "celery-proving-ground.keep"
# What tells a kept stack from one that was started from other files or images.
FINGERPRINT = "celery-proving-ground.fingerprint"
# A container's place in the stack: a service ("postgres"), or lane/role.
PLACE = "celery-proving-ground.place"
FOLDER = "celery-proving-ground.folder"
# All proxies of Toxiproxy, which knows none any more when it is started anew.
PROXIES = "celery-proving-ground.proxies"
_LOCK = "in_use.lock"
# 22 containers on two busy cores take ten seconds.
_GONE_WITHIN_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One stack's life. `folder` is its own, on this machine, outside the project."""

    id: str
    keep: bool
    fingerprint: str
    folder: Path

    def labels(self) -> dict[str, str]:
        """Return the labels that all that is ours in the engine carries."""
        return {
            SESSION: self.id,
            KEEP: "1" if self.keep else "0",
            FINGERPRINT: self.fingerprint,
            FOLDER: str(self.folder),
        }


def new_session(*, keep: bool, fingerprint: str) -> Session:
    """Return a session with a folder of its own."""
    session_id = secrets.token_hex(4)
    folder = Path(tempfile.gettempdir()) / f"celery-proving-ground-{session_id}"
    folder.mkdir(mode=0o755)
    return Session(id=session_id, keep=keep, fingerprint=fingerprint, folder=folder)


@functools.cache
def of_trials() -> Session:
    """Return the session of what this process only tries out, before it has a stack.

    It is in use as long as the process lives.
    """
    own = new_session(keep=False, fingerprint="")
    atexit.register(shutil.rmtree, own.folder, ignore_errors=True)
    claim(own)
    return own


def claim(session: Session) -> int | None:
    """Take the session for this process; None when another process has it.

    The claim is a file lock, so it ends with the process, however that ends, and no
    reused process id can be mistaken for its owner. Keep the returned file open.
    """
    try:
        lock = os.open(session.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def session_of(resource: Any) -> Session:
    """Read a session back from a container's, network's or volume's labels."""
    labels = resource.attrs.get("Labels") or resource.attrs["Config"]["Labels"]
    return Session(
        id=labels[SESSION],
        keep=labels.get(KEEP) == "1",
        fingerprint=labels.get(FINGERPRINT, ""),
        folder=Path(labels.get(FOLDER) or "/nonexistent"),
    )


def containers(engine: docker.DockerClient, session_id: str | None = None) -> list[Any]:
    """Return our containers, of one session or of all, running or not."""
    label = SESSION if session_id is None else f"{SESSION}={session_id}"
    found: list[Any] = engine.containers.list(
        all=True, filters={"label": label}, ignore_removed=True
    )
    return found


def networks(engine: docker.DockerClient, session_id: str | None = None) -> list[Any]:
    """Return our networks, of one session or of all."""
    label = SESSION if session_id is None else f"{SESSION}={session_id}"
    found: list[Any] = engine.networks.list(filters={"label": label})
    return found


def volumes(engine: docker.DockerClient, session_id: str | None = None) -> list[Any]:
    """Return our volumes, of one session or of all."""
    label = SESSION if session_id is None else f"{SESSION}={session_id}"
    found: list[Any] = engine.volumes.list(filters={"label": label})
    return found


def everything(engine: docker.DockerClient, session_id: str | None = None) -> list[Any]:
    """Return all that is ours, of one session or of all."""
    kinds = (containers, networks, volumes)
    return [each for kind in kinds for each in kind(engine, session_id)]


def remove(engine: docker.DockerClient, session_id: str) -> list[str]:
    """Remove all that carries the session's label; return what was left behind.

    Loops until three listings in a row are empty, because a harness killed in the
    middle of starting something may still have a request under way in the engine.
    A network that the engine keeps ("has active endpoints": services.py says when) is
    retried and at last reported, not raised.
    """
    empty = 0

    def gone() -> bool:
        nonlocal empty
        leftovers = containers(engine, session_id)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(_remove_container, leftovers))
        others = networks(engine, session_id) + volumes(engine, session_id)
        for other in others:
            _remove(other)
        empty = 0 if leftovers or others else empty + 1
        return empty >= 3

    if wait_until(gone, within_seconds=_GONE_WITHIN_SECONDS, every_seconds=0.1):
        return []
    return _names(everything(engine, session_id))


def _remove_container(container: Any) -> None:
    try:
        container.remove(force=True, v=True)
    except docker.errors.APIError:
        return  # already gone, or going: the next listing tells
    except requests.RequestException:
        return  # the engine is slow to answer: the next listing tells


def _remove(other: Any) -> None:
    try:
        other.remove()
    except docker.errors.APIError:
        return  # who uses it is still going away: the next listing tells


def _names(resources: Iterable[Any]) -> list[str]:
    return [str(resource.name) for resource in resources]
