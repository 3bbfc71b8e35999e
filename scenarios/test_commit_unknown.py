"""Postgres carries out what it is told, and its replies are lost.

Whether a commit was done, nobody can know who waits for its reply: first web, then the
workers (DB-02 of the failure catalogue).
"""

from harness.conditions import accepted
from harness.faults import silence
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=24),
    faults=[
        silence("web", "postgres", lost="replies", when=accepted(30), for_seconds=4),
        silence("worker", "postgres", lost="replies", when=accepted(75), for_seconds=4),
    ],
    bites={"tutorial": {"stranded_pending"}},
)


def test_commit_unknown(cell):
    """A design whose hand-over is in the same transaction does not need to know."""
    assert cell.verdict.kept_its_promise
