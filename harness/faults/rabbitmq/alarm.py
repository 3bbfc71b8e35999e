"""`memory_alarm`: the broker runs out of memory, as it thinks, and reads no more from
whoever publishes. Consumers go on; new connections are welcome; and who publishes
without a confirm is told nothing: the message waits in a socket's buffer, and is lost
with its process (`failures.md` PUB-04).
"""

from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, observes
from harness.stack import services
from harness.stack.lane import Lane
from harness.stack.undoing import RunInside, Undo

_WATERMARK = "vm_memory_monitor:get_vm_memory_high_watermark()"


def memory_alarm(*, when: Condition, for_seconds: float) -> LinkFault:
    """Raise the broker's memory alarm, which blocks every publisher of every lane."""
    return LinkFault(
        type="memory_alarm",
        roles=("*",),
        services=("rabbitmq",),
        when=when,
        for_seconds=for_seconds,
        does="its memory alarm is raised: it reads nothing from publishers",
        begin=_raise,
        feels=observes("silent"),
        undo=_lower,
        check=SOME_WORK,
        shared=True,
        hits="rabbitmq",
    )


def _raise(lane: Lane, links: Links) -> None:
    services.ask(
        lane.services["rabbitmq"],
        ["rabbitmqctl", "set_vm_memory_high_watermark", "absolute", "1MB"],
    )


def _lower(lane: Lane, links: Links) -> Undo:
    """Remember the watermark as it is: a share of the memory, or {absolute, bytes}."""
    broker = lane.services["rabbitmq"]
    was = services.ask(broker, ["rabbitmqctl", "--silent", "eval", f"{_WATERMARK}."])
    share = was.decode().strip()
    words = [share]
    if share.startswith("{absolute,"):
        words = ["absolute", share.removeprefix("{absolute,").rstrip("}")]
    command = ("rabbitmqctl", "set_vm_memory_high_watermark", *words)
    return RunInside(container=broker.id, commands=(command,))
