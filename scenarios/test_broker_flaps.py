"""The broker goes away and comes back again and again, every half second.

Workers have stopped consuming for good after this (CON-06 of the failure catalogue),
and each time what a worker held is delivered once more.
"""

from harness.conditions import running_for
from harness.faults import flap
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # Still running when the worker is back at last.
        also=[job_at(3, "sleep", 15000)],
    ),
    faults=[
        flap("*", "rabbitmq", every_seconds=0.5, when=running_for(1), for_seconds=5)
    ],
    bites={"late_ack": {"duplicate_effect"}},
    floors=Floors(fault_window=5),
)


def test_broker_flaps(cell):
    """A design that bears one lost connection bears many."""
    assert cell.verdict.kept_its_promise
