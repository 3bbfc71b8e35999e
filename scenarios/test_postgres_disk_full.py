"""Postgres has no room left on its disk: it answers who reads, and refuses to store.

Clients are refused, too, and workers cannot write what became of their jobs (DB-07 of
the failure catalogue is about what a bare `except` makes of it).
"""

from harness.conditions import running_for
from harness.faults import fill_disk
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # Both pool children are in the middle of a job when the disk is full, and other
        # jobs wait: no new one can be stored. On a slow machine one of them may begin
        # some seconds after the other.
        also=[job_at(3, "sleep", 6000), job_at(3.1, "sleep", 6000)],
    ),
    faults=[
        fill_disk("postgres", when=running_for(2, attempts=2), for_seconds=6),
    ],
    bites={"late_ack": {"stranded_pending"}},
    # Clients are refused, and what is stranded does not finish.
    floors=Floors(accepted=20, finished=20, fault_window=5),
)


def test_postgres_disk_full(cell):
    """A design that tries again until its words are stored strands no row."""
    assert cell.verdict.kept_its_promise
