"""Postgres carries out what it is told, and its replies are lost.

Whether a commit was done, nobody can know who waits for its reply: first web, then the
workers (DB-02 of the failure catalogue). What web asks is slow to arrive at first, so
that some commit is on its way when replies begin to be lost: six in a second, each for
0.3 s, so five times in six. That alone is what strands a job of `idempotent`.
"""

from harness.conditions import accepted, biting_for, running_for
from harness.faults import latency, silence
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=6,
        for_seconds=28,
        # Once web is served again, on a slow machine too, both children end a body, and
        # write its effect, while no reply comes.
        also=[job_at(21, "sleep", 3000), job_at(21.1, "sleep", 3000)],
    ),
    faults=[
        latency(
            "web",
            "postgres",
            milliseconds=300,
            direction="requests",
            when=accepted(12),
            for_seconds=7,
        ),
        silence("web", "postgres", lost="replies", when=biting_for(2), for_seconds=4),
        silence(
            "worker", "postgres", lost="replies", when=running_for(1.5), for_seconds=4
        ),
    ],
    bites={
        "tutorial": {"stranded_started"},
        "requeue": {"duplicate_effect"},
    },
)


def test_commit_unknown(cell):
    """A design whose hand-over is in the same transaction does not need to know."""
    assert cell.verdict.kept_its_promise
