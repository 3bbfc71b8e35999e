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
from typing import Literal

import docker
import msgspec

from harness.clock import wait_until
from harness.errors import EvidenceNotWritten, FaultNotHealed, HarnessError
from harness.stack import revive, services, session, sidecar
from harness.stack.services import Plug
from harness.stack.toxiproxy import Proxy, Toxiproxy, ToxiproxyError

_TOXIPROXY_READY_WITHIN_SECONDS = 10

# The escalation ladder. Its last rung, removing the stack, is for whoever owns it.
Step = Literal["soft", "recreated", "restarted"]


class HealProxies(msgspec.Struct, frozen=True, kw_only=True, tag="heal_proxies"):
    """Undo a fault on links: make these proxies of this Toxiproxy what they should be.

    `keep_connections` where the fault only held bytes back (Toxiproxy.release).
    """

    container: str
    toxiproxy_url: str
    proxies: tuple[Proxy, ...]
    keep_connections: bool = False


class RemoveRules(msgspec.Struct, frozen=True, kw_only=True, tag="remove_rules"):
    """Undo a fault on packets: remove its rules from these containers.

    `chains` is container -> chains of ours in its network namespace.
    """

    chains: dict[str, tuple[str, ...]]


class PlugIn(msgspec.Struct, frozen=True, kw_only=True, tag="plug_in"):
    """Undo an unplugging: back to these networks, under the old name and address."""

    plugs: tuple[Plug, ...]


class StartContainer(msgspec.Struct, frozen=True, kw_only=True, tag="start_container"):
    """Undo the end of a container: start it, unless it lives by a new process.

    `dead` is the engine's id of the process that was to end (`revive.start`).
    """

    container: str
    dead: int
    restart_policy: str


class Unpause(msgspec.Struct, frozen=True, kw_only=True, tag="unpause"):
    """Undo a pause of a whole container."""

    container: str


class Resume(msgspec.Struct, frozen=True, kw_only=True, tag="resume"):
    """Undo a suspension of one process, by its id inside its container."""

    container: str
    process: int


class NothingToUndo(msgspec.Struct, frozen=True, kw_only=True, tag="nothing"):
    """The fault ends by itself, or by what supervises its victim."""


Undo = (
    HealProxies
    | RemoveRules
    | PlugIn
    | StartContainer
    | Unpause
    | Resume
    | NothingToUndo
)


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


def undo(what: Undo, engine: docker.DockerClient) -> Step:
    """Undo a fault; return the hardest step that it took. Raises FaultNotHealed.

    Idempotent: what is already gone counts as undone. Where the soft way fails, what
    was hit is started anew; where that fails, too, only removing the stack is left.
    """
    try:
        return _undo_softly(what, engine)
    except (HarnessError, *revive.FAILURES):
        return undo_hard(what, engine)


def undo_hard(what: Undo, engine: docker.DockerClient) -> Step:
    """Undo a fault by starting anew what it hit. Raises FaultNotHealed."""
    match what:
        case StartContainer() | Unpause() | Resume():
            revive.restart(engine, what.container)
        case RemoveRules():
            for container in what.chains:
                revive.restart(engine, container)
        case HealProxies():
            revive.restart(engine, what.container)
            _make_proxies(engine, what)
        case PlugIn() | NothingToUndo():
            raise FaultNotHealed(f"nothing is left to try: {what}")
    return "restarted"


def _make_proxies(engine: docker.DockerClient, what: HealProxies) -> None:
    """Make the proxies of all lanes: a Toxiproxy that was started anew knows none."""
    toxiproxy = Toxiproxy(what.toxiproxy_url)
    wait_until(toxiproxy.is_ready, within_seconds=_TOXIPROXY_READY_WITHIN_SECONDS)
    try:
        labels = engine.containers.get(what.container).labels
        for proxy in msgspec.json.decode(labels[session.PROXIES], type=list[Proxy]):
            toxiproxy.create(proxy)
    except (ToxiproxyError, *revive.FAILURES) as error:
        raise FaultNotHealed(f"the proxies could not be made again: {error}") from error


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


def _undo_softly(what: Undo, engine: docker.DockerClient) -> Step:
    match what:
        case HealProxies(toxiproxy_url=url, proxies=proxies):
            toxiproxy = Toxiproxy(url)
            heal = toxiproxy.release if what.keep_connections else toxiproxy.heal
            steps = {heal(proxy) for proxy in proxies}
            return "recreated" if "recreated" in steps else "soft"
        case RemoveRules(chains=chains):
            for container, its in chains.items():
                sidecar.remove_rules(engine, container, its)
        case PlugIn(plugs=plugs):
            for plug in plugs:
                services.plug_in(engine, plug)
        case StartContainer(container=container):
            revive.start(
                engine, container, dead=what.dead, restart_policy=what.restart_policy
            )
        case Unpause(container=container):
            revive.unpause(engine, container)
        case Resume(container=container, process=process):
            revive.resume(engine, container, process)
        case NothingToUndo():
            pass
    return "soft"
