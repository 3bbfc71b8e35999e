"""`limit_memory`: a container runs out of memory, and the kernel kills a process in it.

Which one? Without more (Docker, cgroup v1 and v2) the kernel takes one process, the
largest, and the others go on: with a pool child the worker survives (`failures.md`
WRK-02), with a main process the container ends (WRK-01). With `memory.oom.group`, as
Kubernetes sets it since 1.28, all of them die (WRK-16), which is as if the main process
was taken. So that each seed shows the same, the kernel is told whom to take
(/proc/<pid>/oom_score_adj); everything else is its own doing.

What uses up the memory is a process of its own in the container, which needs nothing of
the app, takes some 30 MB of this machine, and is the next that the kernel would take.
"""

from typing import Any, Literal

from harness.conditions import Condition
from harness.errors import UsageError
from harness.faults.arguments import check_choice
from harness.faults.process.child_fault import ChildFault
from harness.faults.process.process_fault import ProcessFault
from harness.stack import limits, needs, processes
from harness.stack.revive import restart_policy_of
from harness.stack.undoing import Undo, UpdateContainer

NEEDS = (needs.LIMIT_MEMORY,)
_TAKES = ("child", "main")


def limit_memory(
    target: str,
    *,
    takes: Literal["child", "main"] = "main",
    when: Condition,
    for_seconds: float,
) -> ChildFault | ProcessFault:
    """Let a role or a service run out of memory; the kernel takes a child or the main.

    A child is the worker's, in the middle of an attempt. With the main process the
    container ends; it is started again, with all the memory it wants, after
    `for_seconds`.
    """
    check_choice("limit_memory", "takes", takes, _TAKES)
    if takes == "main":
        return ProcessFault(
            type="limit_memory",
            target=target,
            when=when,
            for_seconds=for_seconds,
            does="out of memory, killed by the kernel, and away",
            begin=_take_main,
            undo=_lift_and_start,
            needs=NEEDS,
        )
    if target != "worker":
        raise UsageError(
            f"limit_memory({target!r}, takes='child'): only a worker has children "
            "whose attempts are known"
        )
    return ChildFault(
        type="limit_memory",
        target="a pool child of worker",
        when=when,
        for_seconds=for_seconds,
        does="killed by the kernel, since the container is out of memory",
        healed_by="soft",
        gone="killed for want of memory",
        strike=limits.kill_by_memory,
        undo=_lift,
        needs=NEEDS,
    )


def _take_main(container: Any) -> None:
    # Nobody starts it again as long as it has no memory.
    container.update(restart_policy={"Name": "no"})
    limits.kill_by_memory(container, processes.main_of(container))


def _lift(container: Any) -> UpdateContainer:
    before = limits.limits_of(container, "Memory", "MemorySwap")
    return UpdateContainer(container=container.id, limits=before)


def _lift_and_start(container: Any) -> Undo:
    before = limits.limits_of(container, "Memory", "MemorySwap")
    return UpdateContainer(
        container=container.id,
        limits=before,
        restart_policy=restart_policy_of(container),
    )
