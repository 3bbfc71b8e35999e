"""Packets to the broker vanish, and no kernel acknowledges a byte.

Unlike silence behind a proxy, TCP itself notices: py-amqp has TCP_USER_TIMEOUT at one
second (trap 3 and PUB-01 of the failure catalogue). What was in a socket's buffer then
is lost, though whoever wrote it was told that it is sent.
"""

from harness.conditions import accepted
from harness.faults import partition
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[partition("*", "rabbitmq", when=accepted(25), for_seconds=5)],
    bites={"tutorial": {"stranded_pending"}},
)


def test_broker_partitioned(cell):
    """A design that waits for the broker's word, or asks again, loses no job."""
    assert cell.verdict.kept_its_promise
