"""Every fault on the real stack: it is felt, it goes, and work goes on.

Twice in a row each, since a heal that leaves something behind shows at the next time.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.break_and_heal import break_and_heal
from harness.cell import Cell
from harness.clock import now, wait_until
from harness.conditions import Counts
from harness.designs import find_designs
from harness.faults import (
    Fault,
    accept_then_close,
    crash,
    crash_loop,
    flap,
    freeze,
    kill,
    kill_connections,
    latency,
    packet_loss,
    partition,
    pause,
    refuse,
    reset,
    restart,
    silence,
    stop,
    suspend,
    throttle,
    truncate,
    unplug,
)
from harness.phases import finishes_one
from harness.recorder import Recorder
from harness.stack import sidecar
from harness.stack import stack as stacks
from harness.together import Together

PROJECT = Path(__file__).parents[3]
DESIGN = "outbox"
SECONDS = 2.0
# A worker that has lost its broker tries again after 2, 4, 6, ... s.
SERVES_WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class AtOnce:
    """The condition that is met from the beginning."""

    sentence: str = "the test begins"

    def is_met(self, _: Counts) -> bool:
        """Say so."""
        return True


NOW: Any = {"when": AtOnce(), "for_seconds": SECONDS}
# A few that go all the ways in which a link can be broken and healed.
SAMPLE: list[Fault] = [
    refuse("*", "rabbitmq", **NOW),
    freeze("worker", "*", **NOW),
    reset("worker", "*", **NOW),
    partition("worker", "rabbitmq", **NOW),
    kill("web", **NOW),
    pause("redis", **NOW),
    suspend("worker", **NOW),
]
_ROLES = ("web", "worker", "relay")
_SERVICES = ("postgres", "rabbitmq", "redis")
OTHERS: list[Fault] = [
    refuse("*", "*", **NOW),
    accept_then_close("*", "*", **NOW),
    silence("*", "*", lost="requests", **NOW),
    silence("*", "*", lost="replies", **NOW),
    silence("*", "*", lost="both", **NOW),
    freeze("*", "*", **NOW),
    latency("*", "*", milliseconds=300, jitter_milliseconds=100, **NOW),
    latency("worker", "postgres", milliseconds=50, direction="both", **NOW),
    throttle("*", "*", kilobytes_per_second=5, **NOW),
    throttle("worker", "*", kilobytes_per_second=2, direction="requests", **NOW),
    throttle("worker", "*", kilobytes_per_second=2, direction="replies", **NOW),
    truncate("*", "*", after_bytes=100, **NOW),
    truncate("worker", "*", after_bytes=400, direction="requests", **NOW),
    flap("*", "*", every_seconds=0.5, **NOW),
    reset("*", "*", **NOW),
    kill_connections("worker", "rabbitmq", when=AtOnce()),
    partition("*", "*", **NOW),
    packet_loss("*", "*", one_in=3, **NOW),
    packet_loss("worker", "rabbitmq", one_in=10, **NOW),
    unplug("worker", **NOW),
    unplug(("worker", "relay"), **NOW),
    *(kill(target, **NOW) for target in (*_ROLES[1:], *_SERVICES)),
    *(pause(target, **NOW) for target in (*_ROLES, *_SERVICES[:2])),
    *(stop(target, grace_seconds=1, **NOW) for target in (*_ROLES, *_SERVICES)),
    stop("worker", by="SIGQUIT", **NOW),
    *(crash(target, when=AtOnce()) for target in (*_ROLES, *_SERVICES)),
    *(restart(target, when=AtOnce()) for target in (*_ROLES, *_SERVICES)),
    *(
        crash_loop(target, when=AtOnce(), for_seconds=5, lives_seconds=1)
        for target in (*_ROLES, *_SERVICES)
    ),
]


@pytest.fixture(name="stack", scope="module")
def _stack() -> Iterator[stacks.Stack]:
    stack = stacks.up(PROJECT, designs=[DESIGN], keep=False, tell=print)
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
def test_it_is_felt_and_goes(fault: Fault, lane_cell: Cell) -> None:
    """It is confirmed, healed and verified, and the lane serves again, twice."""
    cell = lane_cell
    for need in fault.needs:
        if why := sidecar.why_not(need):
            pytest.skip(f"not possible here: {why}")
    for number in (1, 2):
        name = f"{name_of(fault)} ({number})"
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
        assert healed["step"] == "soft"
        assert finishes_one(cell, "sentinel", number)
        # A service that was killed is away until it has booted.
        outage_seconds = verified["time"] - asked
        assert now() - healed["time"] < SERVES_WITHIN_SECONDS + outage_seconds
    wait_until(cell.lane.consumes, within_seconds=40)


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


def written(cell: Cell) -> list[dict[str, Any]]:
    """Return the events of the cell's history so far."""
    return [json.loads(line) for line in cell.recorder.path.read_text().splitlines()]
