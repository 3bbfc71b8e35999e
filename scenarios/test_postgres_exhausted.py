"""Somebody else has all of Postgres' connections for six seconds.

Web keeps those that it has and goes on to accept jobs; a worker opens one for each
task, because Celery closes it before and after (DB-01 of the failure catalogue), and is
turned away (G1 of the catalogue of faults).
"""

from harness.conditions import accepted
from harness.faults import exhaust_connections
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[exhaust_connections(when=accepted(25), for_seconds=6)],
    bites={"late_ack": {"stranded_pending"}},
)


def test_postgres_exhausted(cell):
    """A design that tries again when it is turned away strands no row."""
    assert cell.verdict.kept_its_promise
