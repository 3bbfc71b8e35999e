"""A worker is stopped as on a deployment, and has less grace than its jobs need.

Both pool children are in the middle of a job when their time is up (WRK-10).
"""

from harness.conditions import running_for
from harness.faults import stop
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(4, "sleep", 5000), job_at(4.1, "sleep", 5000)],
    ),
    faults=[
        stop(
            "worker",
            grace_seconds=1,
            when=running_for(0.5, attempts=2),
            for_seconds=5,
        )
    ],
    bites={"early_ack": {"stranded_started"}},
)


def test_worker_stopped(cell):
    """A design that acknowledges late gets back what its worker could not end."""
    assert cell.verdict.kept_its_promise
