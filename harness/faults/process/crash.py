"""`crash`: a process dies by itself, and what supervises it starts it again at once.

The supervisor is the engine: the container is given a restart policy for as long as the
fault lasts, and its main process is killed from outside, since a container that was
killed by way of the engine is never restarted (`faults.md` K1).
"""

from typing import Any

from harness.conditions import Condition
from harness.faults.process.process_fault import ProcessFault
from harness.stack import processes


def crash(target: str, *, when: Condition) -> ProcessFault:
    """Let a role or a service crash under a supervisor that restarts it."""
    return ProcessFault(
        type="crash",
        target=target,
        when=when,
        for_seconds=1,
        does="dies without warning, and its supervisor restarts it at once",
        begin=_crash,
        lasts=False,
    )


def _crash(container: Any) -> None:
    container.update(restart_policy={"Name": "always"})
    processes.kill(container, processes.main_of(container))
