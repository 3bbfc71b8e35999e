"""Postgres gets a twentieth of a core, and needs more: whatever it answers is late.

A database that is slow is worse than one that is gone: nobody is told (R1 of the
catalogue of faults).
"""

from harness.conditions import accepted
from harness.faults import starve_cpu
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=20),
    faults=[starve_cpu("postgres", cpus=0.05, when=accepted(30), for_seconds=10)],
)


def test_cpu_starved(cell):
    """A design that tries again ends every job."""
    assert cell.verdict.kept_its_promise
