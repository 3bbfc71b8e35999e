"""A worker dies when a job has had its effect and its message is not acknowledged yet.

The pool child is held right there: the task has returned, all that it writes is
committed, and the worker's main process has not heard of it. The other child is in
the middle of a long job, so that what else dies is the same for every seed.
"""

from harness.conditions import at
from harness.faults import kill
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(0.5, "sleep", 12000)],
    ),
    faults=[kill("worker", when=at("task.returned", nth=10), for_seconds=5)],
    bites={"late_ack": {"duplicate_effect"}},
)


def test_killed_before_ack(cell):
    """A design whose effect goes with the job's state lets the job count once."""
    assert cell.verdict.kept_its_promise
