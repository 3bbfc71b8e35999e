"""Workers cannot reach Postgres for five seconds while messages keep coming."""

from harness.conditions import accepted
from harness.faults import refuse
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=20),
    faults=[refuse("worker", "postgres", when=accepted(30), for_seconds=5)],
    bites={"tutorial": {"stranded_pending"}},
)


def test_postgres_outage(cell):
    """A design that tries again when its database is away strands no row."""
    assert cell.verdict.kept_its_promise
