"""Ten pool children are killed, each in the middle of another long job.

Their worker is alive, and acknowledges the messages of tasks that have failed so, late
acknowledgement or not (WRK-02 of the failure catalogue).
"""

from harness.conditions import started
from harness.faults import kill_child
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=24,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(1 + 1.8 * number, "sleep", 2000) for number in range(12)],
    ),
    faults=[kill_child(when=started(8 * number)) for number in range(1, 11)],
    bites={"late_ack": {"stranded_started"}},
    # A kill is over in a moment: each hits the attempt that is running.
    floors=Floors(fault_window=1),
)


def test_pool_child_killed(cell):
    """A design that has such messages delivered again ends every job."""
    assert cell.verdict.kept_its_promise
