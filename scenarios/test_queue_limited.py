"""The job queue holds five messages at most, and drops the oldest for each new one.

Each was confirmed when it came: no publisher can know (BRK-03 of the failure catalogue,
`drop-head`).
"""

from harness.conditions import accepted
from harness.faults import limit_queue
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(7, "sleep", 5000), job_at(7.1, "sleep", 5000)],
    ),
    faults=[
        limit_queue(messages=5, overflow="drop-head", when=accepted(15), for_seconds=12)
    ],
    bites={"late_ack": {"stranded_pending"}},
)


def test_queue_limited(cell):
    """A design that asks the database what is to be done sends them again."""
    assert cell.verdict.kept_its_promise
