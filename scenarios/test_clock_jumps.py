"""A worker's clock is twenty seconds fast, and set right while tasks wait for a retry.

When a retry is due is told by the clock of who retries: Celery keeps what was put off
by the fast clock for so much longer, and takes less else meanwhile (ETA-01 of the
failure catalogue; T1 of the catalogue of faults).
"""

from harness.conditions import accepted
from harness.faults import refuse, shift_clock
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[
        shift_clock("worker", seconds=20, when=accepted(17), for_seconds=8),
        refuse("worker", "postgres", when=accepted(25), for_seconds=6),
    ],
)


def test_clock_jumps(cell):
    """A design that goes by the database's clock does not care."""
    assert cell.verdict.kept_its_promise
