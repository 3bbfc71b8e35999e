"""The broker gives a worker five seconds to acknowledge, and a job takes fourteen.

RabbitMQ closes the channel, and Celery begins to shut down: it waits for its long job,
and consumes nothing meanwhile (CON-04 of the failure catalogue, celery/celery #6760).
"""

from harness.conditions import accepted
from harness.faults import ack_timeout
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=24,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(6, "sleep", 14000)],
    ),
    faults=[ack_timeout(within_seconds=5, when=accepted(15), for_seconds=20)],
)


def test_ack_timeout(cell):
    """A design in which a job counts once bears that its message comes again."""
    assert cell.verdict.kept_its_promise
