"""Two jobs hang, and their worker loses its broker for a moment meanwhile.

Each has a time limit of 20 s, which frees its pool child for others. Up to 5.6, Celery
clears all timers when a connection is lost, those of time limits among them (CON-09 of
the failure catalogue; celery #10888, in 5.7): the two hold both children until they end
by themselves, and nothing else is done. The catalogue names 5.6.3 alone; 5.5.3 does the
same in another place, `Consumer.on_close`.
"""

from harness.conditions import running_for
from harness.faults import refuse
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=4,
        # Where a lost connection has both jobs run once more, that takes until 66 s.
        # The last job, which comes after these, has 40 s, and others wait before it.
        for_seconds=40,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(2, "sleep", 32000), job_at(2.1, "sleep", 32000)],
    ),
    faults=[
        refuse("worker", "rabbitmq", when=running_for(1, attempts=2), for_seconds=1.5)
    ],
    bites={"retry": {"unrecovered"}},
    bites_in={"5.5.3": True, "5.6.3": True, "5.7.0": False},
    # The rest of the time limit is 16 s, that of the jobs 28 s.
    limits={"recovers_in_time": 22},
    # The cut is short, so that the worker is back while the jobs still run.
    floors=Floors(fault_window=5),
)


def test_time_limits_forgotten(cell):
    """A design is as good as the limits that its worker keeps."""
    assert cell.verdict.kept_its_promise
