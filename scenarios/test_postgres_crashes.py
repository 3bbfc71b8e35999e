"""Postgres crashes and recovers, while both pool children are in the middle of a job.

One of its processes is killed, as the kernel does when memory runs out: every session
ends, and the task finds its connection closed when it wants to write its result (DB-01
of the failure catalogue).
"""

from harness.conditions import running_for
from harness.faults import kill_backend
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=24,
        types={"power": 0.5, "fibonacci": 0.5},
        # Long enough to be in their middle also where six lanes share a busy machine.
        also=[job_at(8, "sleep", 16000), job_at(8.1, "sleep", 16000)],
    ),
    faults=[kill_backend(when=running_for(0.5, attempts=2))],
    bites={"late_ack": {"stranded_started"}},
    # It is over before it is felt: the witness shows that it hit the two attempts.
    floors=Floors(fault_window=0),
)


def test_postgres_crashes(cell):
    """A design that tries again when its connection is gone ends both jobs."""
    assert cell.verdict.kept_its_promise
