"""A worker cannot start a process any more, and loses a pool child.

The worker gives up its broker and ends once the other child's job is done, which it
can acknowledge no more: that job is delivered again (CON-01 of the failure catalogue,
here because a fork fails).
"""

from harness.conditions import accepted
from harness.faults import kill_child, limit_processes
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[
            job_at(1, "sleep", 8000),  # what the other child runs meanwhile
            *(job_at(2 + 1.5 * number, "sleep", 2000) for number in range(6)),
        ],
    ),
    faults=[
        limit_processes("worker", when=accepted(12), for_seconds=10),
        kill_child(when=accepted(21)),
    ],
    floors=Floors(fault_window=1),
    bites={"requeue": {"duplicate_effect"}},
)


def test_process_limit(cell):
    """A design whose jobs somebody looks after ends each of them."""
    assert cell.verdict.kept_its_promise
