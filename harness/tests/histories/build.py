"""A builder of valid histories, to be damaged by tests in one known way.

`facts()` gives the events of a clean cell without its endings; `sealed()` adds what
the harness writes last: settled, the marker of each ledger, the end.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from harness.history import (
    LEDGER_OF,
    LEDGERS,
    Acknowledged,
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    Cell,
    DatabaseConnected,
    Delivered,
    EffectSeen,
    End,
    Expected,
    FaultAsked,
    FaultConfirmed,
    FaultHealed,
    FaultInjected,
    FaultVerified,
    Floors,
    History,
    LedgerEnd,
    Phase,
    PollEnded,
    Promise,
    PublishBegun,
    PublishEnded,
    QueueSeen,
    Reading,
    Row,
    Settled,
    SubmitBegun,
    SubmitEnded,
    TaskEnded,
    Transition,
    encode,
    parse,
)

Facts = list[AnyEvent]
NO_FLOORS = Floors(operations=0, accepted=0, finished=0, fault_window=0)
FINAL_READ = 20_000.0
# A pool child that takes no job by itself: later attempts are made in it.
OTHER_CHILD = 31
FAULT = FaultAsked(
    name="refuse-rabbitmq", type="refuse", sentence="rabbitmq refuses for 2 s"
)


def key_of(number: int) -> str:
    """Name the key of the job with this id."""
    return f"r1-{number:06}"


def cell(**changes: Any) -> Cell:
    """Return what was asked for; `changes` are fields of Cell."""
    asked: dict[str, Any] = {
        "time": 1000.0,
        "schema_version": 1,
        "run": "r1",
        "wall": 1_700_000_000.0,
        "scenario": "story",
        "claim": "A claim.",
        "source": "scenarios/test_story.py",
        "design": "careful",
        "design_source": "app/designs/careful.py",
        "lanes": ("careful",),
        "promises": {},
        "bites": {},
        "floors": NO_FLOORS,
        "faults": (FAULT,),
        "workload": "8 jobs per second for 16 s",
        "key_prefix": "r1-",
        "recovery_seconds": 10.0,
        "seed": 7,
        "command": "pytest scenarios --seed 7",
        "versions": {"celery": "5.5"},
    }
    return Cell(**(asked | changes))


def promising(*guarantees: str) -> dict[str, Promise]:
    """Return the promises of these guarantees, without limits."""
    return {name: Promise() for name in guarantees}


def reading(*, used: bool = True) -> Reading:
    """Return what a probe felt."""
    return Reading(
        on="worker → rabbitmq", used=used, observed="connection refused", seconds=0.01
    )


def fault(name: str = FAULT.name, *, start: float = 1002.0) -> Facts:
    """Return the four times of a fault that was felt, two seconds long."""
    readings = (reading(),)
    return [
        FaultInjected(time=start, fault=name),
        FaultConfirmed(time=start + 0.2, fault=name, readings=readings),
        FaultHealed(time=start + 2.0, fault=name, step="proxy enabled"),
        FaultVerified(time=start + 2.2, fault=name, readings=readings),
    ]


def with_fault_at(events: Iterable[AnyEvent], start: float) -> Facts:
    """Move the cell's fault to another time."""
    moved = fault(start=start)
    kinds = {type(event) for event in moved}
    return [*(event for event in events if type(event) not in kinds), *moved]


def backend_of(process: int) -> int:
    """Name the database backend that serves this process."""
    return 100 + process


def connections() -> Facts:
    """Return how web, the pool children and OTHER_CHILD came to their connections."""
    places = [("web-1", 11), *(("worker-1", n) for n in (21, 22, 23, 24, OTHER_CHILD))]
    return [
        DatabaseConnected(
            time=999.0,
            backend_pid=backend_of(process),
            process=process,
            container=container,
        )
        for container, process in places
    ]


def job(number: int, *, at: float | None = None) -> Facts:
    """Return all that the ledgers know of one job that went well."""
    t = 1001.0 + number * 0.1 if at is None else at
    key, task = key_of(number), f"task-{number}"
    web: dict[str, Any] = {"process": 11, "container": "web-1"}
    worker: dict[str, Any] = {"process": 21 + number % 4, "container": "worker-1"}
    change: dict[str, Any] = {"job": number, "key": key}

    def changed(time: float, nth: int, old: str | None, new: str | None) -> Transition:
        by = web if old is None else worker
        return Transition(
            time=time,
            sequence=number * 100 + nth,
            old=old,
            new=new,
            backend_pid=backend_of(by["process"]),
            application="web" if old is None else "worker",
            **change,
        )

    return [
        SubmitBegun(
            time=t,
            key=key,
            nth=1,
            intended=t,
            purpose="workload",
            type="power",
            argument=8,
            expected=Expected(status="finished", result=256),
        ),
        changed(t + 0.01, 1, None, "pending"),
        PublishBegun(time=t + 0.012, job=number, task=task, **web),
        PublishEnded(time=t + 0.018, job=number, task=task, confirmed=True, **web),
        SubmitEnded(
            time=t + 0.02, key=key, nth=1, outcome="ok", status=201, job=number
        ),
        Delivered(time=t + 0.03, job=number, task=task, redelivered=False, **worker),
        changed(t + 0.031, 2, "pending", "started"),
        AttemptEntered(time=t + 0.032, job=number, task=task, **worker),
        AttemptLeft(time=t + 0.05, job=number, task=task, outcome="returned", **worker),
        changed(t + 0.051, 3, "started", "finished"),
        TaskEnded(time=t + 0.052, job=number, task=task, state="SUCCESS", **worker),
        Acknowledged(
            time=t + 0.053,
            job=number,
            task=task,
            delivery_tag=str(number),
            process=20,
            container="worker-1",
        ),
        PollEnded(time=t + 0.08, key=key, job=number, begun=t + 0.07, seen="finished"),
        Row(
            time=FINAL_READ,
            job=number,
            key=key,
            type="power",
            argument=8,
            status="finished",
            result=256,
        ),
        EffectSeen(time=FINAL_READ, effect=number, job=number),
    ]


def facts(jobs: int = 3, *, asked: Cell | None = None) -> Facts:
    """Return the events of a clean cell with `jobs` jobs and its faults."""
    asked = asked or cell()
    events: Facts = [asked, *connections(), Phase(time=1000.5, name="workload")]
    for each in asked.faults:
        events += fault(each.name)
    for number in range(1, jobs + 1):
        events += job(number)
    events.append(
        QueueSeen(
            time=FINAL_READ,
            queue="default",
            ready=0,
            unacknowledged=0,
            consumers=1,
            final=True,
        )
    )
    return events


def sealed(events: Iterable[AnyEvent], *, open_jobs: int = 0) -> Facts:
    """Add what the harness writes last, counting what is there."""
    whole = list(events)
    counted = Counter(LEDGER_OF.get(type(event)) for event in whole)
    whole.append(
        Settled(
            time=FINAL_READ - 1, complete=True, because="all quiet", open_jobs=open_jobs
        )
    )
    whole += [
        LedgerEnd(time=FINAL_READ + 1, ledger=ledger, lines=counted[ledger])
        for ledger in LEDGERS
    ]
    whole.append(End(time=FINAL_READ + 2, events=len(whole) + 1))
    return whole


def lines(events: Iterable[AnyEvent]) -> bytes:
    """Return the events as the file that holds them."""
    return b"".join(encode(event) for event in events)


def history(events: Iterable[AnyEvent]) -> History:
    """Return the events as a reader finds them in a file."""
    return parse(encode(event) for event in events)


def about(event: AnyEvent, number: int) -> bool:
    """Say whether an event is of this job."""
    return (
        getattr(event, "key", None) == key_of(number)
        or getattr(event, "job", None) == number
    )


def without(
    events: Sequence[AnyEvent],
    number: int,
    *kinds: type,
    where: Callable[[Any], bool] | None = None,
) -> Facts:
    """Take away this job's events of some kinds (of all kinds where none is named)."""
    return [
        event
        for event in events
        if not (
            about(event, number)
            and (not kinds or isinstance(event, kinds))
            and (where is None or where(event))
        )
    ]
