"""Some tasks wait for their retry, and their worker takes nothing else meanwhile.

Workers cannot reach Postgres for five seconds, and what finds it away is retried 20 s
later (ETA-01 of the failure catalogue). On a classic queue of RabbitMQ 4, kombu 5.7
lets a worker hold no more messages than its prefetch count: two that wait are enough,
and jobs that nothing was wrong with wait as long. Before 5.7 they are done at once.
"""

from harness.conditions import started
from harness.faults import refuse
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=20),
    faults=[refuse("worker", "postgres", when=started(25), for_seconds=5)],
    bites={"retry": {"unrecovered: not consumed"}},
    bites_in={"5.5.3": False, "5.6.3": False, "5.7.0": True},
    # Half of a countdown: long enough to do all that came in meanwhile.
    limits={"recovers_in_time": 10},
)


def test_countdowns_block(cell):
    """A design whose retries wait in the broker is not held up by them."""
    assert cell.verdict.kept_its_promise
