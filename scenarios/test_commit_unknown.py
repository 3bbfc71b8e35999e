"""Postgres carries out what it is told, and its replies are lost.

Whether a commit was done, nobody can know who waits for its reply: first web, then the
workers (DB-02 of the failure catalogue). One commit of web's is held back until its
reply will be lost. That alone is what strands a job of `idempotent`, where its client
does not ask again; so none does.
"""

from harness.conditions import at, running_for
from harness.faults import silence
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        # Some more than elsewhere: a longer fault would bring answers near their limit.
        per_second=5.5,
        for_seconds=24,
        retry_share=0,
        # Once web is served again, on a slow machine too, both children end a body, and
        # write its effect, while no reply comes.
        also=[job_at(16, "sleep", 3000), job_at(16.1, "sleep", 3000)],
    ),
    faults=[
        silence(
            "web",
            "postgres",
            lost="replies",
            when=at("commit.before", nth=20, role="web"),
            for_seconds=4,
        ),
        silence(
            "worker", "postgres", lost="replies", when=running_for(1.5), for_seconds=4
        ),
    ],
    bites={
        "tutorial": {"stranded_started"},
        "requeue": {"duplicate_effect"},
        "idempotent": {"stranded_pending"},
    },
)


def test_commit_unknown(cell):
    """A design whose hand-over is in the same transaction does not need to know."""
    assert cell.verdict.kept_its_promise
