"""A worker loses its broker for a moment in the middle of a long job, which goes on.

The broker takes the worker for dead and delivers the message again, to the very same
worker, while the first attempt still runs (CON-01 of the failure catalogue). Where
nobody fences off the first, it writes to a job that the second has ended (DB-04).
"""

from harness.conditions import running_for
from harness.faults import refuse
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # Longer than the worker needs to come back: it tries after 0, 2, 6, 12 s.
        # The second one keeps the other pool child in the middle of a job, too.
        also=[job_at(3, "sleep", 15000), job_at(3.1, "sleep", 6000)],
    ),
    faults=[
        refuse("worker", "rabbitmq", when=running_for(1, attempts=2), for_seconds=1.5)
    ],
    bites={"late_ack": {"duplicate_effect"}},
    # The cut is short, so that the worker is back while the job still runs.
    floors=Floors(fault_window=5),
)


def test_worker_cut_off(cell):
    """A design that fences off old attempts lets such a job count once."""
    assert cell.verdict.kept_its_promise
