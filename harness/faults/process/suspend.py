"""`suspend`: the worker's main process stands still and its pool children go on. So it
becomes a zombie: the broker hears no heartbeat and gives its messages to somebody else,
while its children still run them, and write their results (`failures.md` WRK-13).
"""

import signal
from typing import Any

from harness.conditions import Condition
from harness.errors import UsageError
from harness.faults.process.process_fault import ProcessFault
from harness.stack import processes
from harness.stack.undoing import Resume, Undo


def suspend(role: str, *, when: Condition, for_seconds: float) -> ProcessFault:
    """Stop the worker's main process, and let it go on later."""
    if role != "worker":
        raise UsageError(
            f"suspend({role!r}): only a worker has children that go on without it; "
            "pause stops all of a container"
        )
    return ProcessFault(
        type="suspend",
        target=role,
        when=when,
        for_seconds=for_seconds,
        does="its main process stands still, its children go on,",
        begin=_stop,
        undo=_resume,
        ends=False,
    )


def _stop(container: Any) -> None:
    processes.send(container, processes.main_of(container), signal.SIGSTOP)


def _resume(container: Any) -> Undo:
    return Resume(container=container.id, process=processes.main_of(container))
