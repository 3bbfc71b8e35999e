"""`limit_processes`: a container may start no further process and no further thread.
What runs goes on; a pool that has lost a child cannot make another (`faults.md` R5), a
web server no thread for one more request.
"""

from typing import Any

from harness.conditions import Condition
from harness.faults.process.process_fault import ProcessFault
from harness.stack import limits, needs
from harness.stack.revive import restart_policy_of
from harness.stack.undoing import Undo, UpdateContainer

NEEDS = (needs.LIMIT_PROCESSES,)


def limit_processes(
    target: str, *, when: Condition, for_seconds: float
) -> ProcessFault:
    """Let a role or a service start no process and no thread any more."""
    return ProcessFault(
        type="limit_processes",
        target=target,
        when=when,
        for_seconds=for_seconds,
        does="can start no process and no thread",
        begin=_limit,
        undo=_lift,
        inside=_cannot_fork,
        ends=False,
        needs=NEEDS,
    )


def _limit(container: Any) -> None:
    # Fewer than there are: those go on, and none comes in place of one that ends.
    limits.update(container.client, container.id, {"PidsLimit": 1})


def _lift(container: Any) -> Undo:
    """Start it, too: who cannot make a process that it needs may give up and end."""
    before = limits.limits_of(container, "PidsLimit")
    return UpdateContainer(
        container=container.id,
        limits=before,
        restart_policy=restart_policy_of(container),
    )


def _cannot_fork(container: Any) -> str | None:
    return None if limits.may_fork(container) else "no process can be started"
