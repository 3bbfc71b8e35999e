"""RabbitMQ has no room left on its disk, and is started anew when there is some again.

Its disk alarm silences publishers (PUB-04 of the failure catalogue), and does not save
its queues from consumers, whose acknowledgements are written down, too.
"""

from harness.conditions import accepted
from harness.faults import fill_disk
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=20),
    faults=[fill_disk("rabbitmq", when=accepted(30), for_seconds=5)],
    bites={"tutorial": {"stranded_pending"}},
)


def test_broker_disk_full(cell):
    """A design that asks the database what is to be done loses no job."""
    assert cell.verdict.kept_its_promise
