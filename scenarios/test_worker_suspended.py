"""A worker stands still for longer than its broker waits for a heartbeat.

It is a zombie (WRK-13): its pool children end their jobs and write the results, while
the broker takes their messages back, to deliver them again. RabbitMQ needs up to 25 s
to notice.
"""

from harness.conditions import running_for
from harness.faults import suspend
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=25,
        types={"power": 0.5, "fibonacci": 0.5},
        # So that both pool children are in the middle of a job when it stands still.
        also=[job_at(3, "sleep", 4000), job_at(3.1, "sleep", 4000)],
    ),
    faults=[suspend("worker", when=running_for(0.5, attempts=2), for_seconds=28)],
    bites={"late_ack": {"duplicate_effect"}},
)


def test_worker_suspended(cell):
    """A design that asks the database who runs a job lets it count once."""
    assert cell.verdict.kept_its_promise
