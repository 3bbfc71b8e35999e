"""The broker no longer hears its workers: what they acknowledge is lost.

The jobs that it has delivered run and have their effects; it delivers no more of them
than the prefetch count. When the connection dies in the end, these come once more (the
case of CON-01 and CON-06 b of the failure catalogue in which nobody notices at first).
"""

from harness.conditions import accepted
from harness.faults import silence
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[
        silence("worker", "rabbitmq", lost="requests", when=accepted(25), for_seconds=5)
    ],
    bites={"late_ack": {"duplicate_effect"}},
)


def test_acks_lost(cell):
    """A design that knows a job that has ended turns its message away."""
    assert cell.verdict.kept_its_promise
