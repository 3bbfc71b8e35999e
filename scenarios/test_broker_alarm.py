"""The broker's memory alarm is on for some five seconds while clients submit jobs.

It reads nothing from whoever publishes (PUB-04 of the failure catalogue, celery #2689).
Without confirms nobody notices; with them, what is not confirmed in time is sent again,
and is there several times once the alarm is over (PUB-05).
"""

from harness.conditions import accepted
from harness.faults import memory_alarm
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    # Who publishes in the request keeps a thread for some seven seconds; with more
    # clients than this they run out, and how long each waits is told by how long the
    # alarm is.
    workload=jobs(per_second=4, for_seconds=28),
    faults=[memory_alarm(when=accepted(20), for_seconds=5.5)],
    bites={"late_ack": {"duplicate_effect: published twice"}},
)


def test_broker_alarm(cell):
    """A design in which a job counts once bears any number of its messages."""
    assert cell.verdict.kept_its_promise
