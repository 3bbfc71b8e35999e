"""`kill_child`: a worker's pool child dies in the middle of an attempt, as the kernel
kills one that is out of memory. The worker's main process lives, and decides what
becomes of the message.
"""

from harness.conditions import At, Condition
from harness.faults.process.child_fault import ChildFault


def kill_child(*, when: Condition) -> ChildFault:
    """Kill a pool child: at its breakpoint, or in the middle of an attempt."""
    where = "" if isinstance(when, At) else " in the middle of an attempt"
    return ChildFault(
        type="kill_child",
        target="a pool child of worker",
        when=when,
        # It is over at once: the pool makes another child by itself.
        for_seconds=1.0,
        does=f"killed{where}",
        healed_by="by the worker's pool",
    )
