"""A worker dies with all that it holds, and is started again five seconds later.

What it acknowledged before it ran it, nobody has any more (WRK-01 of the failure
catalogue).
"""

from harness.conditions import running_for
from harness.faults import kill
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # So that both pool children are in the middle of a job when the worker dies.
        also=[job_at(4, "sleep", 4000), job_at(4.1, "sleep", 4000)],
    ),
    faults=[kill("worker", when=running_for(0.5, attempts=2), for_seconds=5)],
    bites={"early_ack": {"stranded_started"}},
)


def test_worker_killed(cell):
    """A design that acknowledges late gets back what its worker held."""
    assert cell.verdict.kept_its_promise
