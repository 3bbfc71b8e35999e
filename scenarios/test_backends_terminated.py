"""The database ends every session, once, in the middle of two jobs; it is not away.

New connections are welcome at once, as after a fail-over that nobody noticed (G4 of the
catalogue of faults; the same harm as DB-01 of the failure catalogue, without a crash).
"""

from harness.conditions import running_for
from harness.faults import terminate_backends
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=24,
        types={"power": 0.5, "fibonacci": 0.5},
        # Long enough to be in their middle also where six lanes share a busy machine.
        also=[job_at(8, "sleep", 9000), job_at(8.1, "sleep", 9000)],
    ),
    faults=[terminate_backends(when=running_for(0.5, attempts=2))],
    bites={"late_ack": {"stranded_started"}},
    # It is over before it is felt: the witness shows that it hit the two attempts.
    floors=Floors(fault_window=0),
)


def test_backends_terminated(cell):
    """A design that tries again when its connection is gone ends both jobs."""
    assert cell.verdict.kept_its_promise
