"""Ten pool children are killed, each in the middle of a job that it runs."""

from harness.conditions import started
from harness.faults import kill_child
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=6,
        for_seconds=24,
        types={"power": 0.4, "fibonacci": 0.4, "sleep": 0.15},
        arguments={"sleep": (1000, 2000)},
    ),
    faults=[
        kill_child(when=started(count))
        for count in (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
    ],
    bites={"late_ack": {"stranded_started"}},
    # A kill is over in a moment: each hits the attempt that is running.
    floors=Floors(fault_window=1),
)


def test_pool_child_killed(cell):
    """A design that has such messages delivered again ends every job."""
    assert cell.verdict.kept_its_promise
