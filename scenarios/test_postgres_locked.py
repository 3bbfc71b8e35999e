"""A migration holds the lock on the table of jobs for seven seconds.

Whoever reads or writes a job waits; the app's sessions have two seconds of patience
(DB-09 of the failure catalogue: without that limit they would wait for ever).
"""

from harness.conditions import running_for
from harness.faults import lock_table
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # Both end soon after the lock is taken, and more than two seconds before it
        # is given back.
        also=[job_at(3, "sleep", 2500), job_at(3.1, "sleep", 2500)],
    ),
    faults=[lock_table(when=running_for(0.3, attempts=2), for_seconds=7)],
    bites={"late_ack": {"stranded_started"}},
)


def test_postgres_locked(cell):
    """A design that tries again strands no job whose turn it was to wait."""
    assert cell.verdict.kept_its_promise
