"""Redis is gone for everybody when jobs end; their rows are written all the same.

What is left to do is to keep Celery's own result. It is given up, the message is
acknowledged, and who waits for the task waits for ever (RES-01 of the failure
catalogue, celery/celery #8588).
"""

from harness.conditions import running_for
from harness.faults import refuse
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=6,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(4, "sleep", 3000), job_at(4.1, "sleep", 3000)],
    ),
    faults=[refuse("*", "redis", when=running_for(0.3, attempts=2), for_seconds=6)],
    bites={"early_ack": {"split_brain"}},
)


def test_redis_gone_finishing(cell):
    """A design whose state of record is the database does not even notice."""
    assert cell.verdict.kept_its_promise
