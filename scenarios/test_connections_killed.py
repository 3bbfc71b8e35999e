"""A worker's connections die under it, once, in the middle of a long job.

Nothing else is wrong: it is back at once, and gets the message of the job that it still
runs again (CON-01 of the failure catalogue).
"""

from harness.conditions import running_for
from harness.faults import kill_connections
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # Longer than the worker needs to come back: it tries after 0, 2, 6, 12 s.
        # The second one keeps the other pool child in the middle of a job meanwhile: no
        # job begins, whose early acknowledgement might be lost with the connection.
        also=[job_at(3, "sleep", 15000), job_at(3.1, "sleep", 6000)],
    ),
    faults=[kill_connections("worker", "rabbitmq", when=running_for(1, attempts=2))],
    bites={"late_ack": {"duplicate_effect"}},
    # It is over in a moment: it hits the attempts that run.
    floors=Floors(fault_window=1),
)


def test_connections_killed(cell):
    """A design that fences off old attempts lets such a job count once."""
    assert cell.verdict.kept_its_promise
