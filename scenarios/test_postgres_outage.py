"""Workers cannot reach Postgres for five seconds while messages keep coming.

Each task that finds it away fails, and its message is acknowledged (DB-01 of the
failure catalogue).
"""

from harness.conditions import running_for
from harness.faults import refuse
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # So that both pool children are in the middle of a job when Postgres goes.
        also=[job_at(3, "sleep", 4000), job_at(3.1, "sleep", 4000)],
    ),
    faults=[
        refuse("worker", "postgres", when=running_for(0.3, attempts=2), for_seconds=5)
    ],
    bites={"tutorial": {"stranded_pending"}},
)


def test_postgres_outage(cell):
    """A design that tries again when its database is away strands no row."""
    assert cell.verdict.kept_its_promise
