"""Postgres has no room left on its disk: it answers who reads, and refuses to store.

Clients are refused, too, and workers cannot write what became of their jobs (DB-07 of
the failure catalogue is about what a bare `except` makes of it).
"""

from harness.conditions import accepted
from harness.faults import fill_disk
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=20),
    faults=[fill_disk("postgres", when=accepted(30), for_seconds=6)],
)


def test_postgres_disk_full(cell):
    """A design that tries again until its words are stored strands no row."""
    assert cell.verdict.kept_its_promise
