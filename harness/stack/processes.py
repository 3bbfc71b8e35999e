"""Processes inside containers, by the ids that they have in there.

It exists because a look or a signal by `docker exec` takes 0.1 s on a quiet machine and
a second on a busy one, and by then the process may be doing something else. Where the
containers' processes are this machine's own (an engine on Linux, and us root), it
goes by the host's process table, within milliseconds; elsewhere by `docker exec`.
"""

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import psutil

from harness.clock import wait_until
from harness.errors import StackLost
from harness.stack import services

# It forks within milliseconds of its own start; a busy machine takes a moment more.
_INIT_FORKS_WITHIN_SECONDS = 10


def send(container: Any, process: int, number: signal.Signals) -> None:
    """Send a process a signal. One that is gone already stays gone."""
    on_host = _on_host(container, process)
    if on_host is None:
        # By the shell's own `kill`: slim images have no other.
        command = f"kill -{number.name.removeprefix('SIG')} {process}"
        container.exec_run(["sh", "-c", command], user="root")
        return
    try:
        os.kill(on_host, number)
    except ProcessLookupError:
        return


def kill(container: Any, process: int) -> None:
    """Kill a process as the kernel would."""
    send(container, process, signal.SIGKILL)


def main_of(container: Any) -> int:
    """Return the id of the process that the container's command became.

    It is the first one, or the first one's child where an init of Docker's goes before:
    the engine calls a container started before its init has forked, so the child is
    waited for. Raises StackLost where none comes, or the container does not run.
    """
    if not container.attrs["HostConfig"]["Init"]:
        return 1
    main = wait_until(
        lambda: _child_of_init(container), within_seconds=_INIT_FORKS_WITHIN_SECONDS
    )
    if main is None:
        raise StackLost(f"{container.name} has no process that could be found")
    return main


def _child_of_init(container: Any) -> int | None:
    container.reload()
    children: list[int | None] = []
    if _shares_our_processes(container):
        with contextlib.suppress(psutil.Error):
            init = psutil.Process(container.attrs["State"]["Pid"])
            children = [_inside(each.pid) for each in init.children()]
    else:
        said = services.ask(container, ["cat", "/proc/1/task/1/children"])
        children = [int(each) for each in said.split() if each.isdigit()]
    return children[0] if children else None


def is_running(container: Any, process: int, *, since: float) -> bool:
    """Say whether the process that had this id at `since` (monotonic) still runs.

    A restarted container gives its process ids anew; the start time tells.
    """
    on_host = _on_host(container, process)
    if on_host is not None:
        stat = _read(Path(f"/proc/{on_host}/stat"))
    elif _shares_our_processes(container):
        return False
    else:
        stat = None
        with contextlib.suppress(StackLost):  # there is no such process
            stat = services.ask(container, ["cat", f"/proc/{process}/stat"])
    if stat is None:
        return False
    # proc(5): field 22, counted after the name in parentheses, is the start in ticks
    # since the kernel's; its clock is the monotonic one.
    fields = stat.rpartition(b")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return started <= since and fields[0] not in (b"Z", b"X")


def _shares_our_processes(container: Any) -> bool:
    """Say whether the container's processes are in this machine's own table."""
    first = container.attrs["State"]["Pid"]
    return bool(first) and _inside(first) == 1


def _on_host(container: Any, process: int) -> int | None:
    """Return the host's id of a container's process; None where it is not to be had."""
    if not _shares_our_processes(container):
        container.reload()  # it may have been started anew since we looked
        if not _shares_our_processes(container):
            return None
    try:
        first = psutil.Process(container.attrs["State"]["Pid"])
        everybody = [first, *first.children(recursive=True)]
    except psutil.Error:
        return None
    return next((each.pid for each in everybody if _inside(each.pid) == process), None)


def _inside(host_process: int) -> int | None:
    """Return the id that a process has in its own container (proc(5): NSpid)."""
    status = _read(Path(f"/proc/{host_process}/status"))
    for line in (status or b"").splitlines():
        if line.startswith(b"NSpid:"):
            ids = line.split()[1:]
            return int(ids[-1]) if len(ids) > 1 else None
    return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
