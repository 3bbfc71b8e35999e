"""Ten messages that wait have bodies that nobody can read.

A worker throws such a message away, and acknowledges it: the job's row knows nothing of
it (B9 of the catalogue of faults).
"""

from harness.conditions import waiting
from harness.faults import undecodable_body
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(3, "sleep", 4000), job_at(3.1, "sleep", 4000)],
    ),
    faults=[undecodable_body(messages=10, when=waiting(10))],
    bites={"late_ack": {"stranded_pending"}},
    floors=Floors(fault_window=0),
)


def test_undecodable_body(cell):
    """A design that asks the database what is to be done sends them again."""
    assert cell.verdict.kept_its_promise
