"""Postgres acknowledges commits that are not on disk yet, its disk hangs, and it dies.

What was acknowledged meanwhile is gone: a client was told 201 and has no job, a message
was acknowledged and its job's end was not written (G8 of the catalogue of faults). The
server's setting is `synchronous_commit = off`; a session may ask for its own.
"""

from harness.conditions import biting_for, running_for
from harness.faults import asynchronous_commit, kill
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=24,
        # Their bodies need no database: they tell the time while nobody is served. And
        # no worker commits in the moment in which the disk begins to hang, when some
        # commits get there and are not answered: commit_unknown shows what that does.
        also=[job_at(2, "sleep", 16000), job_at(2.1, "sleep", 16000)],
    ),
    faults=[
        asynchronous_commit(when=running_for(3, attempts=2), for_seconds=6),
        kill("postgres", when=biting_for(2.5), for_seconds=2),
    ],
    bites={"late_ack": {"lost_record"}},
    # Postgres is away for two seconds, and recovers; what was lost does not finish.
    floors=Floors(finished=20, fault_window=5),
)


def test_commit_lost(cell):
    """A design that asks for commits on disk is told of none that is not."""
    assert cell.verdict.kept_its_promise
