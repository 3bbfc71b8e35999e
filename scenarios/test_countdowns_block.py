"""Some tasks wait for their retry, and their worker takes nothing else meanwhile.

Workers cannot reach Postgres for five seconds, and what finds it away is retried 20 s
later (ETA-01 of the failure catalogue). On a classic queue of RabbitMQ 4, kombu 5.7
lets a worker hold no more messages than its prefetch count: two that wait are enough,
and jobs that nothing was wrong with wait as long. Before 5.7 they are done at once.
"""

from harness.conditions import running_for
from harness.faults import refuse
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        # Of what came in meanwhile six lanes are to do all soon after the heal: with
        # more clients two cores had no time to spare, and late proves nothing then.
        per_second=4,
        for_seconds=26,
        types={"power": 0.5, "fibonacci": 0.5},
        # So that both pool children are in the middle of a job when Postgres goes.
        also=[job_at(3, "sleep", 4000), job_at(3.1, "sleep", 4000)],
    ),
    faults=[
        refuse("worker", "postgres", when=running_for(0.3, attempts=2), for_seconds=5)
    ],
    bites={"retry": {"unrecovered: not consumed"}},
    bites_in={"5.5.3": False, "5.6.3": False, "5.7.0": True},
    # Half of a countdown: long enough to do all that came in meanwhile.
    limits={"recovers_in_time": 10},
    floors=Floors(fault_window=10),
)


def test_countdowns_block(cell):
    """A design whose retries wait in the broker is not held up by them."""
    assert cell.verdict.kept_its_promise
