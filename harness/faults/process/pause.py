"""`pause`: a whole container stands still, as a virtual machine does while it is moved,
or a process in a long garbage collection. Connections stay open, new ones are accepted
by its kernel, and nobody answers; afterwards it goes on as if no time had passed.
"""

from typing import Any

from harness.conditions import Condition
from harness.faults.process.process_fault import ProcessFault
from harness.stack.undoing import Undo, Unpause


def pause(target: str, *, when: Condition, for_seconds: float) -> ProcessFault:
    """Let a role or a service stand still, with all its processes."""
    return ProcessFault(
        type="pause",
        target=target,
        when=when,
        for_seconds=for_seconds,
        does="stands still",
        begin=lambda container: container.pause(),
        undo=_unpause,
        ends=False,
    )


def _unpause(container: Any) -> Undo:
    return Unpause(container=container.id)
