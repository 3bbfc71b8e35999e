"""A worker gets a twentieth of a core: its heartbeats are late, and so is each job.

Nothing is broken, and nobody is told (R1 of the catalogue of faults). It ends before a
broker that misses heartbeats takes back what the worker has (CON-12 of the failure
catalogue).
"""

from harness.conditions import accepted
from harness.faults import starve_cpu
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[starve_cpu("worker", cpus=0.05, when=accepted(25), for_seconds=10)],
)


def test_cpu_starved(cell):
    """A design whose jobs wait in the broker ends each of them, later."""
    assert cell.verdict.kept_its_promise
