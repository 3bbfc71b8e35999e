"""Web cannot reach Redis, which keeps only results, while the broker is well.

Celery subscribes to a task's result before it publishes the task, and tries that again
for twenty seconds. So a web whose tasks keep their results answers nobody any more: its
threads all wait (PUB-10 of the failure catalogue, where it failed at once).
"""

from harness.conditions import accepted
from harness.faults import refuse
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=22),
    faults=[refuse("web", "redis", when=accepted(25), for_seconds=12)],
    bites={"early_ack": {"slow_answer"}},
)


def test_redis_gone_publishing(cell):
    """A design whose tasks ignore their results does not even notice."""
    assert cell.verdict.kept_its_promise
