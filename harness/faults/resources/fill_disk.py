"""`fill_disk`: the disk of Postgres or RabbitMQ is full, or nearly.

Postgres answers whoever reads, and an error whoever writes a new page. Its log is given
a file of its own just before, whose 16 MB are there already: when that is used up, too,
the server panics, and cannot recover before there is room (`faults.md` R4).

RabbitMQ keeps 30 MB: too few for its disk alarm, and it reads no more from who
publishes. With nothing left its quorum queues stop, since consumers go on and what they
acknowledge is written down, too; and such a queue may stay dead, also when there is
room again and the broker is started anew (seen once, on 4.0.5: its log was cut in the
middle of a record). What nothing can heal is no fault to be injected.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.arguments import check_choice
from harness.faults.network.link_fault import SOME_WORK, Feels, LinkFault, Links
from harness.stack import disks, needs, services
from harness.stack.lane import Felt, Lane
from harness.stack.ledgers import database
from harness.stack.undoing import GrowDisk, Undo

NEEDS = (needs.SMALL_DISKS,)
# RabbitMQ's alarm is raised below 50 MB (disk_free_limit).
_FREE_MEGABYTES = {"postgres": 0, "rabbitmq": 30}
_DOES = {
    "postgres": "its disk is full: what needs a new page is refused",
    "rabbitmq": "its disk is nearly full: it reads nothing from publishers",
}


def fill_disk(service: str, *, when: Condition, for_seconds: float) -> LinkFault:
    """Fill the disk of postgres, or that of rabbitmq but for 30 MB."""
    check_choice("fill_disk", "service", service, disks.FITTED)
    return LinkFault(
        type="fill_disk",
        roles=("*",),
        services=(service,),
        when=when,
        for_seconds=for_seconds,
        does=_DOES[service],
        begin=_BEGIN[service],
        feels=_FEELS[service],
        undo=partial(_free, service=service),
        check=SOME_WORK,
        needs=NEEDS,
        shared=True,
        hits=service,
    )


def _fill_postgres(lane: Lane, links: Links) -> None:
    with database.connect(lane.dsn) as cursor:
        cursor.execute("SELECT pg_switch_wal()")
        cursor.execute("CHECKPOINT")  # its own record makes the new file
    _shrink(lane, "postgres")


def _fill_rabbitmq(lane: Lane, links: Links) -> None:
    """Fill it, and have the broker look: by itself it does so every ten seconds."""
    broker = lane.services["rabbitmq"]
    limit = services.ask(
        broker,
        ["rabbitmqctl", "-s", "eval", "rabbit_disk_monitor:get_disk_free_limit()."],
    )
    _shrink(lane, "rabbitmq")
    services.ask(broker, ["rabbitmqctl", "set_disk_free_limit", limit.decode().strip()])


def _shrink(lane: Lane, service: str) -> None:
    disk = disks.disk_of(lane.services[service])
    disks.shrink(lane.engine, disk, free_megabytes=_FREE_MEGABYTES[service])


def _free(lane: Lane, links: Links, service: str) -> Undo:
    container = lane.services[service]
    return GrowDisk(container=container.id, disk=disks.disk_of(container))


def _cannot_store(before: Felt, now: Felt) -> str | None:
    """Feel that nothing can be stored, or that the server is down for want of room."""
    if now.observed == "served":
        return None
    return f"{now.observed}: {now.detail}" if now.detail else now.observed


def _is_not_confirmed(before: Felt, now: Felt) -> str | None:
    return None if now.observed == "served" else now.observed


_BEGIN = {"postgres": _fill_postgres, "rabbitmq": _fill_rabbitmq}
_FEELS: dict[str, Feels] = {"postgres": _cannot_store, "rabbitmq": _is_not_confirmed}
