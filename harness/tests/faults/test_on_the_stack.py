"""Every fault on the real stack: it is felt, it goes, and work goes on.

Twice in a row each, since a heal that leaves something behind shows at the next time.
How long each took is left in reports/faults.md, for the README.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.break_and_heal import break_and_heal
from harness.cell import Cell
from harness.clock import now, wait_until
from harness.designs import find_designs
from harness.faults import Fault, kill, refuse
from harness.faults.postgres.lock_row import RowLock
from harness.faults.process.child_fault import ChildFault
from harness.phases import finishes_one
from harness.recorder import Recorder
from harness.stack import needs, services
from harness.stack import stack as stacks
from harness.stack.lane_plan import LanePlan
from harness.stack.queues import Message, delete, put, take
from harness.tests.faults.every_fault import NOW, OTHERS, SAMPLE, SOME_WAIT
from harness.together import Together
from harness.workload.client import LaneClient, start, submit_one
from harness.workload.plan import jobs, one_job, plan

PROJECT = Path(__file__).parents[3]
DESIGN = "outbox"
# A worker that has lost its broker tries again after 2, 4, 6, ... s.
SERVES_WITHIN_SECONDS = 10.0
# How a fault is healed that is not undone softly, and is not meant to be.
STEPS = {
    "kill_child a pool child of worker": ("by the worker's pool",),
    # A broker whose disk was full does not come to itself without.
    "fill_disk rabbitmq": ("restarted", "soft"),
}


@pytest.fixture(name="stack", scope="module")
def _stack() -> Iterator[stacks.Stack]:
    fittings = {each for each in needs.FITTINGS if not needs.why_not(each)}
    lanes = [LanePlan(design=DESIGN)]
    stack = stacks.up(PROJECT, lanes=lanes, keep=False, tell=print, fittings=fittings)
    try:
        yield stack
    finally:
        stacks.leave(stack, print)


@pytest.fixture(name="lane_cell")
def _cell(stack: stacks.Stack, tmp_path: Path) -> Iterator[Cell]:
    cell = Cell(
        design=find_designs(PROJECT)[DESIGN],
        lane=stack.lanes[DESIGN],
        recorder=Recorder(tmp_path / "history.jsonl"),
        key_prefix=f"{now():.3f}",
        session_folder=stack.session.folder,
        tell=print,
    )
    cell.lane.attempts.begin()
    yield cell
    cell.recorder.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How long a fault took, in seconds: to be felt, to be gone, until a job ended."""

    felt: float
    gone: float
    serves: float


@pytest.fixture(name="table", scope="module")
def _table() -> Iterator[dict[str, list[Took]]]:
    """Collect what each fault took, and write it down in the end, the slower time."""
    table: dict[str, list[Took]] = {}
    yield table
    lines = [
        "| fault | felt after | gone after its heal | a job ended after its heal |",
        "| --- | --- | --- | --- |",
        *(
            f"| `{name}` | {max(each.felt for each in took):.1f} s"
            f" | {max(each.gone for each in took):.1f} s"
            f" | {max(each.serves for each in took):.1f} s |"
            for name, took in table.items()
        ),
    ]
    folder = PROJECT / "reports"
    folder.mkdir(exist_ok=True)
    (folder / "faults.md").write_text("\n".join(lines) + "\n")


@pytest.fixture(name="work")
def _work(lane_cell: Cell) -> Iterator[None]:
    """Keep one of the worker's children in the middle of a job, most of the time."""
    stream = jobs(
        per_second=0.4,
        for_seconds=120,
        types={"sleep": 1},
        arguments={"sleep": (2000, 2000)},
    )
    prefix = f"{lane_cell.key_prefix}-work"
    clients = start(
        {
            DESIGN: LaneClient(
                base_url=lane_cell.lane.web_url(),
                plan=plan(stream, seed=1, key_prefix=prefix),
            )
        },
        lambda _, event: lane_cell.recorder.record(event),
    )
    yield
    clients.stop()


def name_of(fault: Fault) -> str:
    """Name a fault for pytest."""
    return f"{fault.type} {fault.target}"


@pytest.mark.engine
@pytest.mark.parametrize(
    "fault",
    [
        *(pytest.param(each, id=name_of(each)) for each in SAMPLE),
        *(
            pytest.param(each, id=name_of(each), marks=pytest.mark.every_fault)
            for each in OTHERS
        ),
    ],
)
def test_it_is_felt_and_goes(
    fault: Fault,
    lane_cell: Cell,
    table: dict[str, list[Took]],
    request: pytest.FixtureRequest,
) -> None:
    """It is confirmed, healed and verified, and the lane serves again, twice."""
    cell = lane_cell
    if isinstance(fault, ChildFault | RowLock):
        request.getfixturevalue("work")  # it hits whoever is in the middle of a job
    for need in fault.needs:
        if why := needs.why_not(need):
            pytest.skip(f"not possible here: {why}")
    for number in (1, 2):
        name = f"{name_of(fault)} ({number})"
        ask_whether_ready(cell)
        if fault.when == SOME_WAIT:
            have_some_wait(cell)
        asked = now()
        break_and_heal(cell, name, fault, threading.Event(), Together(1))

        events = [each for each in written(cell) if each.get("fault") == name]
        print(*(json.dumps(each, ensure_ascii=False) for each in events), sep="\n")
        assert [each["kind"] for each in events] == [
            "fault_injected",
            "fault_confirmed",
            "fault_healed",
            "fault_verified",
        ]
        healed, verified = events[2:]
        assert healed["step"] in STEPS.get(name_of(fault), ("soft",))
        assert finishes_one(cell, "sentinel", number)
        table.setdefault(name_of(fault), []).append(_took(events, now()))
        # A service that was killed is away until it has booted.
        outage_seconds = verified["time"] - asked
        assert now() - healed["time"] < SERVES_WITHIN_SECONDS + outage_seconds
    wait_until(cell.lane.consumes, within_seconds=40)


def ask_whether_ready(cell: Cell) -> None:
    """Be the load balancer of a workload: web keeps a connection to each service."""
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"{cell.lane.web_url()}/health/ready/", timeout=5)


def _took(events: Sequence[dict[str, Any]], served: float) -> Took:
    injected, confirmed, healed, verified = (float(each["time"]) for each in events)
    return Took(
        felt=confirmed - injected, gone=verified - healed, serves=served - healed
    )


@pytest.mark.engine
def test_what_a_killed_broker_keeps(lane_cell: Cell) -> None:
    """What is durable in what is durable; a quorum queue keeps all that it took.

    One that was made half a second before the kill, or less, is dead for good: the
    broker knows it, and Ra, which runs it, does not. Ra saves its directory by a timer,
    so here it is told to.
    """
    lane = lane_cell.lane
    kept = {}
    for name, kind, durable, mode in (
        ("harness.durable", "classic", True, 2),
        ("harness.transient", "classic", True, 1),
        ("harness.quorum", "quorum", True, 1),
        ("harness.gone", "classic", False, 2),
    ):
        queue = {"durable": durable, "arguments": {"x-queue-type": kind}}
        lane.broker.call("PUT", f"queues/{DESIGN}/{name}", queue)
        put(lane, name, [Message(properties={"delivery_mode": mode}, payload="")])

    save = "[dets:sync(Table) || Table <- dets:all()]."
    services.ask(lane.services["rabbitmq"], ["rabbitmqctl", "eval", save])
    killed = kill("rabbitmq", **NOW)
    break_and_heal(lane_cell, "kill", killed, threading.Event(), Together(1))

    there = {row["name"] for row in lane.broker.call("GET", f"queues/{DESIGN}").json()}
    for name in ("harness.durable", "harness.transient", "harness.quorum"):
        kept[name] = len(take(lane, name, 2))
        delete(lane, name)
    assert kept == {"harness.durable": 1, "harness.transient": 0, "harness.quorum": 1}
    assert "harness.gone" not in there
    wait_until(lane.consumes, within_seconds=40)


@pytest.mark.engine
def test_a_toxiproxy_that_hangs_is_started_anew(lane_cell: Cell) -> None:
    """Where not even making the proxy again works; then all lanes' proxies are made."""
    lane = lane_cell.lane
    fault = refuse("*", "*", **NOW)
    aim = fault.aim(lane)
    fault.inject(lane, aim)
    lane.toxiproxy_container.pause()

    assert fault.heal(lane, aim) == "restarted"

    assert all(lane.toxiproxy.is_well(link.proxy) for link in lane.links)
    assert wait_until(lambda: fault.verify(lane, aim), within_seconds=10)
    assert finishes_one(lane_cell, "sentinel", 1)


def have_some_wait(cell: Cell) -> None:
    """Have both pool children busy for two seconds, and messages wait behind them."""
    for number in range(8):
        job = one_job(f"{now():.6f}")
        if number < 2:
            job = replace(job, type="sleep", argument=2000)
        submit_one(
            cell.lane.web_url(),
            job,
            lambda _, event: cell.recorder.record(event),
            lane=DESIGN,
            purpose="warm_up",
        )


def written(cell: Cell) -> list[dict[str, Any]]:
    """Return the events of the cell's history so far."""
    return [json.loads(line) for line in cell.recorder.path.read_text().splitlines()]
