"""A worker runs out of memory: the kernel kills a pool child, and later all of it.

It is one limit with two outcomes (WRK-16 of the failure catalogue): where one child
dies, Celery acknowledges what it held (WRK-02); where all die, the broker delivers it
again, unless it was acknowledged before (WRK-01).
"""

from harness.conditions import running_for, started
from harness.faults import limit_memory
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=24,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[
            # On a busy machine the kernel kills some three seconds later: in the middle
            # of this one. It is the only long one until then, and when it comes again.
            job_at(1, "sleep", 6000),
            # So that both children are in the middle of a job when all of it dies.
            job_at(14, "sleep", 6000),
            job_at(14.1, "sleep", 6000),
        ],
    ),
    faults=[
        limit_memory("worker", takes="child", when=started(4), for_seconds=1),
        limit_memory("worker", when=running_for(0.5, attempts=2), for_seconds=4),
    ],
    bites={"late_ack": {"stranded_started"}, "early_ack": {"stranded_started"}},
    # A kill is over in a moment: it hits the attempts that run.
    floors=Floors(fault_window=1),
)


def test_worker_out_of_memory(cell):
    """A design that has both kinds of message delivered again ends every job."""
    assert cell.verdict.kept_its_promise
