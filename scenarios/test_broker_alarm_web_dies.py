"""Web dies while the broker's memory alarm is on, and what it sent is not read yet.

The broker's own kernel has the bytes, and they are read if the alarm ends soon. But the
broker goes on to send heartbeats, here every five seconds, and one that comes to a dead
process is answered by a reset, which throws away what was not read: the loss on exit
that PUB-04 of the failure catalogue calls unverified (celery #2689).
"""

from harness.conditions import accepted, biting_for
from harness.faults import kill, memory_alarm
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=30, retry_share=0),
    faults=[
        # Far longer than from one heartbeat to the next.
        memory_alarm(when=accepted(24), for_seconds=25),
        kill("web", when=biting_for(4), for_seconds=1),
    ],
    bites={"early_ack": {"stranded_pending"}},
    # Who waits for confirms accepts nothing meanwhile.
    floors=Floors(accepted=20, finished=20, fault_window=5),
)


def test_broker_alarm_web_dies(cell):
    """A design that tells no lie while its messages wait loses none of them."""
    assert cell.verdict.kept_its_promise
