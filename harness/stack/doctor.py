"""`harness doctor`: what this machine has and lacks for a run, and what to do.

It exists so that "it does not work here" has an answer on one screen. It changes
nothing and starts nothing: no container, no kernel module, no file.
"""

import importlib.metadata
import os
import platform
import shutil
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors
import psutil

from harness.errors import EngineMissing, HarnessError
from harness.stack import build, images, sidecar
from harness.stack.compose import read_compose
from harness.stack.engine import connect, may_install

_GB = 1e9
_ENGINE_DISK_GB, _REPORTS_DISK_GB, _MEMORY_GB = 6, 1, 2
# What harness/stack and harness/workload talk through, and pydantic reads with.
_PACKAGES = ("docker", "testcontainers", "toxiproxy-python", "pytest", "aiohttp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `todo` says what to do; empty, all is well.

    A remark stops no run: `make chaos` mends it by itself, or does without.
    """

    name: str
    seen: str
    todo: str = ""
    is_remark: bool = False

    @property
    def is_well(self) -> bool:
        """Say whether `make chaos` would work in spite of it."""
        return not self.todo or self.is_remark


def examine(project: Path) -> list[Finding]:
    """Look at everything that a run needs; the order is that of the screen."""
    engine: docker.DockerClient | None = None
    try:
        engine = connect(timeout_seconds=5)
        found = [_engine(engine)]
    except EngineMissing as error:
        found = [_no_engine(error)]
    found += _compose_and_images(engine, project)
    found += [_versions(project), _memory(), *_disks(engine, project)]
    found += _ports(engine, project)
    found += _for_faults(engine)
    return found


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Draw findings for a terminal, and a last line that sums them up."""
    width = max(len(each.name) for each in findings)
    for each in findings:
        mark = "ok  " if not each.todo else "note" if each.is_remark else "BAD "
        yield f"{mark} {each.name:<{width}}  {each.seen}"
        for line in each.todo.splitlines():
            yield f"     {'':<{width}}  {line}"
    bad = sum(not each.is_well for each in findings)
    yield ""
    yield f"{bad} to mend, see BAD above" if bad else "`make chaos` will work here"


# --- the engine and its images --------------------------------------------------


def _no_engine(error: EngineMissing) -> Finding:
    if may_install():
        todo = (
            "`make setup` installs and starts one; so do `make chaos` and `make test`"
        )
        return Finding(name="engine", seen="none that answers", todo=todo)
    return Finding(name="engine", seen="none that answers", todo=str(error))


def _engine(engine: docker.DockerClient) -> Finding:
    version: dict[str, Any] = engine.version()
    info: dict[str, Any] = engine.info()
    rootless = any("rootless" in each for each in info.get("SecurityOptions") or ())
    seen = (
        f"{version['Version']}, API {version['ApiVersion']}, "
        f"cgroup v{info.get('CgroupVersion', '1')}, {info.get('Driver')}, "
        f"{'rootless' if rootless else 'with root'}, {info['NCPU']} CPUs"
    )
    if info.get("OSType") != "linux":
        return Finding(name="engine", seen=seen, todo="switch it to Linux containers")
    return Finding(name="engine", seen=seen)


def _compose_and_images(
    engine: docker.DockerClient | None, project: Path
) -> Iterator[Finding]:
    try:
        services = read_compose(project / "compose.yaml").services
        yield Finding(name="compose.yaml", seen=f"{len(services)} services")
        if engine is not None:
            yield from _images(engine, project)
    except HarnessError as error:
        yield Finding(name="compose.yaml", seen="cannot be used", todo=str(error))


def _images(engine: docker.DockerClient, project: Path) -> Iterator[Finding]:
    for wanted in images.wanted_images(project):
        name = images.here(engine, project, wanted)
        label = f"image {wanted.variable.removesuffix('_IMAGE').lower()}"
        if name is None:
            todo = "`make chaos` and `make setup` pull it, or build a stand-in"
            seen = f"{wanted.name} is missing"
            yield Finding(name=label, seen=seen, todo=todo, is_remark=True)
        else:
            kind = "stand-in" if build.is_standin(name) else "as compose.yaml has it"
            yield Finding(name=label, seen=f"{name}, {_short_id(engine, name)}, {kind}")
    for name, how in images.app_images(project).items():
        made_from = build.label_of(engine, name)
        if made_from is None:
            seen, todo = f"{name} is missing", "`make chaos` and `make setup` build it"
        elif made_from != build.app_made_from(engine, project, how):
            seen = f"{name} is older than {how.context}/"
            todo = "`make chaos` and `make setup` build it anew"
        else:
            seen, todo = f"{name}, {_short_id(engine, name)}, built here", ""
        yield Finding(name="image app", seen=seen, todo=todo, is_remark=True)


def _short_id(engine: docker.DockerClient, name: str) -> str:
    return str(engine.images.get(name).short_id).removeprefix("sha256:")


# --- this machine ---------------------------------------------------------------


def _versions(project: Path) -> Finding:
    """Compare what is installed with what the lock pins."""
    pinned = dict(
        line.split(" ")[0].split("==")
        for line in (project / "requirements.lock").read_text().splitlines()
        if "==" in line
    )
    wrong = []
    for name in _PACKAGES:
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed != pinned.get(name):
            wrong.append(f"{name} {installed}, not {pinned.get(name)}")
    seen = ", ".join(f"{name} {pinned.get(name)}" for name in _PACKAGES)
    seen = f"Python {platform.python_version()}, {seen}"
    if wrong:
        todo = f"{'; '.join(wrong)}: remove .venv, then `make setup`"
        return Finding(name="packages", seen=seen, todo=todo)
    return Finding(name="packages", seen=seen)


def _memory() -> Finding:
    free = psutil.virtual_memory().available / _GB
    todo = f"{_MEMORY_GB} GB are wanted for a few lanes" if free < _MEMORY_GB else ""
    return Finding(name="memory", seen=f"{free:.1f} GB available", todo=todo)


def _disks(engine: docker.DockerClient | None, project: Path) -> Iterator[Finding]:
    # An engine elsewhere (DOCKER_HOST, Docker Desktop) has a disk that we cannot see.
    root = Path(engine.info().get("DockerRootDir", "")) if engine else Path("/var/lib")
    places = [("disk for reports", project, _REPORTS_DISK_GB)]
    if root.is_dir():
        places.insert(0, ("disk for images", root, _ENGINE_DISK_GB))
    for name, folder, wanted in places:
        free = shutil.disk_usage(folder).free / _GB
        todo = f"{wanted} GB are wanted in {folder}" if free < wanted else ""
        yield Finding(name=name, seen=f"{free:.0f} GB free in {folder}", todo=todo)


def _ports(engine: docker.DockerClient | None, project: Path) -> Iterator[Finding]:
    """See whether Compose could publish its ports; a run takes free ones anyway."""
    try:
        ports = read_compose(project / "compose.yaml").published_ports()
    except HarnessError:
        return
    for port, service in sorted(ports.items()):
        if _is_free(port):
            yield Finding(name=f"port {port}", seen=f"free for {service}")
            continue
        todo = (
            "`make chaos` does not need it; `docker compose up` does: stop what has "
            f"it, or set the variable for it that compose.yaml names at {service}"
        )
        seen = f"taken by {_owner(engine, port)}"
        yield Finding(name=f"port {port}", seen=seen, todo=todo, is_remark=True)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _owner(engine: docker.DockerClient | None, port: int) -> str:
    """Name the container, or else the process, that has a port of this machine."""
    published = engine.containers.list(filters={"publish": str(port)}) if engine else []
    if published:
        return f"container {published[0].name}"
    try:
        for connection in psutil.net_connections(kind="tcp"):
            here = connection.laddr and connection.laddr.port == port
            if here and connection.status == psutil.CONN_LISTEN and connection.pid:
                process = psutil.Process(connection.pid)
                return f"process {process.pid} ({process.name()})"
    except psutil.Error:
        return "a process of another user"
    return "a process that we may not see"


# --- what some faults need ------------------------------------------------------


def _for_faults(engine: docker.DockerClient | None) -> Iterator[Finding]:
    """Look at what only some faults need; `harness faults` tries it in a container."""
    if engine is not None:
        there = build.label_of(engine, sidecar.IMAGE) is not None
        seen = f"{sidecar.IMAGE}{'' if there else ' is missing'}"
        todo = "" if there else "`make setup` builds it; without it: no such faults"
        yield Finding(name="faults on packets", seen=seen, todo=todo, is_remark=True)
    root = os.geteuid() == 0
    seen = "by this machine's table" if root else "by `docker exec`, which is slower"
    yield Finding(name="faults on processes", seen=seen)
