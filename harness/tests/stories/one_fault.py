"""One fault, chosen from outside: for tests that kill the harness while it lasts."""

import os

from harness.conditions import accepted
from harness.faults import (
    crash,
    crash_loop,
    freeze,
    kill,
    latency,
    partition,
    pause,
    refuse,
    restart,
    silence,
    stop,
    suspend,
    unplug,
)
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

WHEN = accepted(2)
FAULTS = {
    fault.type: fault
    for fault in (
        refuse("*", "rabbitmq", when=WHEN, for_seconds=4),
        silence("*", "*", lost="both", when=WHEN, for_seconds=4),
        freeze("worker", "*", when=WHEN, for_seconds=4),
        latency("*", "*", milliseconds=300, when=WHEN, for_seconds=4),
        partition("worker", "rabbitmq", when=WHEN, for_seconds=4),
        unplug("worker", when=WHEN, for_seconds=4),
        kill("postgres", when=WHEN, for_seconds=4),
        crash("worker", when=WHEN),
        crash_loop("worker", when=WHEN, for_seconds=4, lives_seconds=1),
        stop("worker", grace_seconds=3, when=WHEN, for_seconds=4),
        restart("rabbitmq", when=WHEN),
        pause("web", when=WHEN, for_seconds=4),
        suspend("worker", when=WHEN, for_seconds=4),
    )
}
SCENARIO = Scenario(
    workload=jobs(per_second=4, for_seconds=8),
    faults=[FAULTS[os.environ.get("FAULT", "refuse")]],
    floors=Floors(operations=10, accepted=5, finished=5, fault_window=1),
)


def test_one_fault(cell):
    """Whatever breaks, nothing of it is left."""
    assert cell.verdict.kept_its_promise
