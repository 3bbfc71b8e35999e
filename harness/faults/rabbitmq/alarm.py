"""`memory_alarm`, `disk_alarm`: the broker runs out of memory or disk, as it thinks. It
reads no more from whoever publishes. Consumers go on; new connections are welcome; and
who publishes without a confirm is told nothing: the message waits in a socket's buffer
(`failures.md` PUB-04).
"""

from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, observes
from harness.faults.rabbitmq.setting import as_configured, tells, told_again

_SET_MEMORY = "vm_memory_monitor:set_vm_memory_high_watermark({})"
_SET_DISK = "rabbit_disk_monitor:set_disk_free_limit({})"
_A_MEGABYTE = "{absolute, 1000000}"
# More than any machine that this runs on has free.
_A_PETABYTE = "1000000000000000"


def memory_alarm(*, when: Condition, for_seconds: float) -> LinkFault:
    """Raise the broker's memory alarm, which blocks every publisher of every lane."""
    undo = as_configured(_SET_MEMORY, "vm_memory_high_watermark")
    return _alarm("memory", when, for_seconds, _SET_MEMORY.format(_A_MEGABYTE), undo)


def disk_alarm(*, when: Condition, for_seconds: float) -> LinkFault:
    """Raise the broker's disk alarm, which blocks every publisher of every lane."""
    undo = as_configured(_SET_DISK, "disk_free_limit")
    return _alarm("disk", when, for_seconds, _SET_DISK.format(_A_PETABYTE), undo)


def _alarm(
    resource: str, when: Condition, for_seconds: float, begin: str, undo: str
) -> LinkFault:
    return LinkFault(
        type=f"{resource}_alarm",
        roles=("*",),
        services=("rabbitmq",),
        when=when,
        for_seconds=for_seconds,
        does=f"its {resource} alarm is raised: it reads nothing from publishers",
        begin=tells(begin),
        feels=observes("silent"),
        undo=told_again(undo),
        check=SOME_WORK,
        shared=True,
        hits="rabbitmq",
    )
