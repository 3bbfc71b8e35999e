"""Redis, which keeps only results, is unreachable for everybody for five seconds."""

from harness.conditions import accepted
from harness.faults import refuse
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[refuse("*", "redis", when=accepted(25), for_seconds=5)],
)


def test_redis_outage(cell):
    """A design whose state of record is the database does not even notice."""
    assert cell.verdict.kept_its_promise
