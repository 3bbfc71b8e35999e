"""The broker closes every connection, and says why, in the middle of a long job.

The job's message is delivered again, to another child of the same worker (CON-01 of the
failure catalogue, celery/celery #6951).
"""

from harness.conditions import running_for
from harness.faults import close_connections
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # The second one keeps the other pool child in the middle of a job meanwhile: no
        # job begins, whose early acknowledgement might be lost with the connection.
        also=[job_at(3, "sleep", 15000), job_at(3.1, "sleep", 6000)],
    ),
    faults=[close_connections(when=running_for(1, attempts=2))],
    bites={"late_ack": {"duplicate_effect"}},
    floors=Floors(fault_window=1),
)


def test_connections_closed(cell):
    """A design that fences its attempts has one effect for each job."""
    assert cell.verdict.kept_its_promise
