"""`memory_alarm`, `disk_alarm`: the broker runs out of memory or disk, as it thinks. It
reads no more from whoever publishes. Consumers go on; new connections are welcome; and
who publishes without a confirm is told nothing: the message waits in a socket's buffer
(`failures.md` PUB-04).
"""

from collections.abc import Callable

from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, observes
from harness.stack import services
from harness.stack.lane import Lane
from harness.stack.undoing import RunInside, Undo

_WATERMARK = "vm_memory_monitor:get_vm_memory_high_watermark()"
_DISK_LIMIT = "rabbit_disk_monitor:get_disk_free_limit()"
# A petabyte, more than any machine that this runs on has free.
_TOO_MUCH_DISK = "1000000000000000"


def memory_alarm(*, when: Condition, for_seconds: float) -> LinkFault:
    """Raise the broker's memory alarm, which blocks every publisher of every lane."""
    return _alarm("memory", when, for_seconds, begin=_lack_memory, undo=_have_memory)


def disk_alarm(*, when: Condition, for_seconds: float) -> LinkFault:
    """Raise the broker's disk alarm, which blocks every publisher of every lane."""
    return _alarm("disk", when, for_seconds, begin=_lack_disk, undo=_have_disk)


def _alarm(
    resource: str,
    when: Condition,
    for_seconds: float,
    *,
    begin: Callable[[Lane, Links], None],
    undo: Callable[[Lane, Links], Undo],
) -> LinkFault:
    return LinkFault(
        type=f"{resource}_alarm",
        roles=("*",),
        services=("rabbitmq",),
        when=when,
        for_seconds=for_seconds,
        does=f"its {resource} alarm is raised: it reads nothing from publishers",
        begin=begin,
        feels=observes("silent"),
        undo=undo,
        check=SOME_WORK,
        shared=True,
        hits="rabbitmq",
    )


def _lack_memory(lane: Lane, links: Links) -> None:
    _tell(lane, "set_vm_memory_high_watermark", "absolute", "1MB")


def _have_memory(lane: Lane, links: Links) -> Undo:
    """Remember the watermark as it is: a share of the memory, or {absolute, bytes}."""
    share = _told(lane, _WATERMARK)
    words = [share]
    if share.startswith("{absolute,"):
        words = ["absolute", share.removeprefix("{absolute,").rstrip("}")]
    command = ("rabbitmqctl", "set_vm_memory_high_watermark", *words)
    return RunInside(container=lane.services["rabbitmq"].id, commands=(command,))


def _lack_disk(lane: Lane, links: Links) -> None:
    _tell(lane, "set_disk_free_limit", _TOO_MUCH_DISK)


def _have_disk(lane: Lane, links: Links) -> Undo:
    """Remember the limit as it is, in bytes."""
    command = ("rabbitmqctl", "set_disk_free_limit", _told(lane, _DISK_LIMIT))
    return RunInside(container=lane.services["rabbitmq"].id, commands=(command,))


def _tell(lane: Lane, *words: str) -> None:
    services.ask(lane.services["rabbitmq"], ["rabbitmqctl", *words])


def _told(lane: Lane, expression: str) -> str:
    command = ["rabbitmqctl", "--silent", "eval", f"{expression}."]
    return services.ask(lane.services["rabbitmq"], command).decode().strip()
