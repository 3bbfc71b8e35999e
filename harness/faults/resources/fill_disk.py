"""`fill_disk`: the disk of Postgres or RabbitMQ is full, or nearly.

Postgres answers whoever reads, and an error whoever writes a new page. Its log is given
a file of its own just before, whose 16 MB are there already: when that is used up, too,
the server panics, and cannot recover before there is room (`faults.md` R4).

RabbitMQ raises its disk alarm while some megabytes are free, and reads no more from who
publishes. That does not keep consumers from acknowledging, which its queues write down,
too. With nothing left, quorum queues lose their log and stop, and do not come back when
there is room, but when the broker is started anew (rabbitmq-server#4512; so does 4.0);
classic ones crash, and are restarted without what they could not write. So the broker
is started anew in the end, unless there was room for that.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.arguments import check_choice, check_range
from harness.faults.network.link_fault import SOME_WORK, Feels, LinkFault, Links
from harness.stack import disks, needs, services
from harness.stack.lane import Felt, Lane
from harness.stack.ledgers import database
from harness.stack.undoing import GrowDisk, Undo

NEEDS = (needs.SMALL_DISKS,)
# RabbitMQ's alarm is raised below 50 MB (disk_free_limit).
_FREE_MEGABYTES_AT_MOST = 40
_DOES = {
    "postgres": "its disk is full: what needs a new page is refused",
    "rabbitmq": "its disk is full: it reads nothing from publishers, its queues stop",
}
_ALARM = "its disk is nearly full: it reads nothing from publishers"


def fill_disk(
    service: str, *, free_megabytes: int = 0, when: Condition, for_seconds: float
) -> LinkFault:
    """Fill the disk of postgres or rabbitmq but for a few megabytes (0 to 40)."""
    check_choice("fill_disk", "service", service, disks.FITTED)
    most = _FREE_MEGABYTES_AT_MOST if service == "rabbitmq" else 0
    check_range("fill_disk", "free_megabytes", free_megabytes, 0, most)
    return LinkFault(
        type="fill_disk",
        roles=("*",),
        services=(service,),
        when=when,
        for_seconds=for_seconds,
        does=_ALARM if free_megabytes else _DOES[service],
        begin=partial(_BEGIN[service], free_megabytes=free_megabytes),
        feels=_FEELS[service],
        undo=partial(_free, service=service, free_megabytes=free_megabytes),
        check=SOME_WORK,
        needs=NEEDS,
        shared=True,
        hits=service,
    )


def _fill_postgres(lane: Lane, links: Links, free_megabytes: int) -> None:
    with database.connect(lane.dsn) as cursor:
        cursor.execute("SELECT pg_switch_wal()")
        cursor.execute("CHECKPOINT")  # its own record makes the new file
    _shrink(lane, "postgres", free_megabytes)


def _fill_rabbitmq(lane: Lane, links: Links, free_megabytes: int) -> None:
    """Fill it, and have the broker look: by itself it does so every ten seconds."""
    broker = lane.services["rabbitmq"]
    limit = services.ask(
        broker,
        ["rabbitmqctl", "-s", "eval", "rabbit_disk_monitor:get_disk_free_limit()."],
    )
    _shrink(lane, "rabbitmq", free_megabytes or _FREE_MEGABYTES_AT_MOST)
    services.ask(broker, ["rabbitmqctl", "set_disk_free_limit", limit.decode().strip()])
    if not free_megabytes:
        _shrink(lane, "rabbitmq", 0)


def _shrink(lane: Lane, service: str, free_megabytes: int) -> None:
    disk = disks.disk_of(lane.services[service])
    disks.shrink(lane.engine, disk, free_megabytes=free_megabytes)


def _free(lane: Lane, links: Links, service: str, free_megabytes: int) -> Undo:
    container = lane.services[service]
    return GrowDisk(
        container=container.id,
        disk=disks.disk_of(container),
        anew=service == "rabbitmq" and not free_megabytes,
    )


def _cannot_store(before: Felt, now: Felt) -> str | None:
    """Feel that nothing can be stored, or that the server is down for want of room."""
    if now.observed == "served":
        return None
    return f"{now.observed}: {now.detail}" if now.detail else now.observed


def _is_not_confirmed(before: Felt, now: Felt) -> str | None:
    return None if now.observed == "served" else now.observed


_BEGIN = {"postgres": _fill_postgres, "rabbitmq": _fill_rabbitmq}
_FEELS: dict[str, Feels] = {"postgres": _cannot_store, "rabbitmq": _is_not_confirmed}
