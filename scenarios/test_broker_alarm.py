"""The broker's memory alarm is on for some seconds while clients submit jobs.

It reads nothing from whoever publishes (PUB-04 of the failure catalogue, celery #2689).
Without confirms nobody notices; with them, what is not confirmed in time is sent again,
and is there several times once the alarm is over (PUB-05).
"""

from harness.conditions import accepted
from harness.faults import memory_alarm
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    # Who publishes in the request keeps a thread until the alarm is over, and some
    # seconds more: with a longer one, answers come near their limit.
    workload=jobs(per_second=5.25, for_seconds=22),
    faults=[memory_alarm(when=accepted(20), for_seconds=4)],
    bites={"late_ack": {"duplicate_effect: published twice"}},
)


def test_broker_alarm(cell):
    """A design in which a job counts once bears any number of its messages."""
    assert cell.verdict.kept_its_promise
