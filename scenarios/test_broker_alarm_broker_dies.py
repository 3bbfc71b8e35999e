"""The broker dies while its memory alarm is on, with what it has not read yet.

Whoever publishes without confirms was told that all is well (PUB-04 of the failure
catalogue, celery/celery #2689): bytes in a dead broker's socket are nobody's.
"""

from harness.conditions import accepted, biting_for
from harness.faults import crash, memory_alarm
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=30, retry_share=0),
    faults=[
        memory_alarm(when=accepted(20), for_seconds=25),
        crash("rabbitmq", when=biting_for(4)),
    ],
    bites={"early_ack": {"stranded_pending: never confirmed"}},
    floors=Floors(accepted=20, finished=20, fault_window=0),
)


def test_broker_alarm_broker_dies(cell):
    """A design that waits for the broker's word, or asks again, loses no job."""
    assert cell.verdict.kept_its_promise
