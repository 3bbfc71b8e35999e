"""A worker's clock is an hour fast, and set right while tasks wait to be retried.

A retry's time is the worker's own: one that was set by the fast clock is due in an hour
(T1 of the catalogue of faults).
"""

from harness.conditions import accepted
from harness.faults import refuse, shift_clock
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=20),
    faults=[
        shift_clock("worker", seconds=3600, when=accepted(20), for_seconds=8),
        refuse("worker", "postgres", when=accepted(30), for_seconds=6),
    ],
)


def test_clock_jumps(cell):
    """A design that goes by the database's clock does not care."""
    assert cell.verdict.kept_its_promise
