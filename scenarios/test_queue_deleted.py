"""Somebody deletes the job queue, with ten messages that wait in it.

The worker is told, connects anew and makes the queue again; what waited is gone (BRK-05
of the failure catalogue, celery/kombu #1953).
"""

from harness.conditions import waiting
from harness.faults import delete_queue
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(3, "sleep", 8000), job_at(3.1, "sleep", 8000)],
    ),
    faults=[delete_queue(when=waiting(10))],
    bites={"late_ack": {"stranded_pending"}},
    # A worker that comes back before the old queue is wholly gone declares it, finds
    # none to bind, and ends; its long jobs keep it from being started again until then.
    floors=Floors(finished=15, fault_window=0),
)


def test_queue_deleted(cell):
    """A design that asks the database what is to be done sends them again."""
    assert cell.verdict.kept_its_promise
