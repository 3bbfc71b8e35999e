"""RabbitMQ's disk is nearly full for ten seconds: it reads nothing that is published.

It is the memory alarm's twin (PUB-04 of the failure catalogue): consumers go on, and
what is not confirmed in time is sent again, and is there several times in the end.
"""

from harness.conditions import accepted
from harness.faults import fill_disk
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=26),
    faults=[fill_disk("rabbitmq", when=accepted(20), for_seconds=10)],
    bites={"late_ack": {"duplicate_effect: published twice"}},
)


def test_broker_disk_full(cell):
    """A design in which a job counts once bears any number of its messages."""
    assert cell.verdict.kept_its_promise
