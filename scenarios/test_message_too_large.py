"""For five seconds each message is larger than the broker takes.

It closes the channel, which nobody reads who does not wait for a confirm (PUB-09 of the
failure catalogue, celery/kombu #2336).
"""

from harness.conditions import accepted
from harness.faults import limit_message_size
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[limit_message_size(size_bytes=64, when=accepted(25), for_seconds=5)],
    bites={"tutorial": {"stranded_pending"}},
)


def test_message_too_large(cell):
    """A design that hears the refusal, or asks again, loses no job."""
    assert cell.verdict.kept_its_promise
