"""A rolling deploy: ten messages name a task that the worker does not know.

The new web is there before the new worker, which throws away what it does not know, and
acknowledges it (B9 of the catalogue of faults).
"""

from harness.conditions import waiting
from harness.faults import unknown_task
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
    faults=[unknown_task(messages=10, when=waiting(10))],
    bites={"late_ack": {"stranded_pending"}},
    floors=Floors(fault_window=0),
)


def test_unknown_task(cell):
    """A design that asks the database what is to be done sends them again."""
    assert cell.verdict.kept_its_promise
