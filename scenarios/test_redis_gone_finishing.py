"""Redis dies while jobs end, and comes back with nothing; their rows are written.

What is left to do is to keep Celery's own result. It is given up, the message is
acknowledged, and who waits for the task waits for ever (RES-01 of the failure
catalogue, celery/celery #8588). So does who waits for a result of before: Redis writes
its data to disk after a minute with many changes, or when it is asked to end (RES-04).
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
        also=[job_at(4, "sleep", 3000), job_at(4.1, "sleep", 3000)],
    ),
    faults=[kill("redis", when=running_for(0.3, attempts=2), for_seconds=5)],
    bites={"early_ack": {"split_brain"}},
)


def test_redis_gone_finishing(cell):
    """A design whose state of record is the database does not even notice."""
    assert cell.verdict.kept_its_promise
