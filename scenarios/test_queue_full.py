"""The job queue takes no more than five messages, and refuses those that come then.

Without confirms nobody is told (BRK-03 of the failure catalogue, `reject-publish`).
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
        limit_queue(
            messages=5, overflow="reject-publish", when=accepted(15), for_seconds=12
        )
    ],
    bites={"late_ack": {"stranded_pending"}},
)


def test_queue_full(cell):
    """A design that hears the refusal, or asks again, loses no job."""
    assert cell.verdict.kept_its_promise
