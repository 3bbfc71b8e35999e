"""Redis has no memory left: it throws away what it holds, and stores nothing.

The results that Celery keeps there vanish (RES-04 of the failure catalogue), and those
of tasks that end meanwhile cannot be kept.
"""

from harness.conditions import accepted
from harness.faults import limit_maxmemory
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[limit_maxmemory("allkeys-lru", when=accepted(25), for_seconds=6)],
    bites={"early_ack": {"split_brain"}},
)


def test_redis_full(cell):
    """A design whose state of record is the database does not even notice."""
    assert cell.verdict.kept_its_promise
