"""The job queue is deleted while no worker is there, who would make it again.

The broker confirms what it drops because no queue takes it (PUB-08 of the failure
catalogue).
"""

from harness.conditions import accepted, biting_for
from harness.faults import delete_queue, stop
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[
        # With time to end what it runs: a job whose message goes with the queue is
        # another story.
        stop("worker", when=accepted(20), for_seconds=5),
        delete_queue(when=biting_for(1.5)),
    ],
    bites={"late_ack": {"stranded_pending: unrouted"}},
    # The queue is gone in a moment: what matters is what the worker's absence covers.
    floors=Floors(finished=10, fault_window=0),
)


def test_queue_missing(cell):
    """A design that asks the database what is to be done sends them again."""
    assert cell.verdict.kept_its_promise
