"""Web dies while the broker's memory alarm is on, and what it sent is not read yet.

The loss on exit that PUB-04 of the failure catalogue calls unverified is rare: the
bytes are with the broker's own kernel, and are read when the alarm is over (20 of 20
messages, also without a proxy in between; the same with an alarm of 25 s). In one run
of the whole matrix they were lost nonetheless, and nobody knows yet why. With the
broker they are lost for certain: see broker_alarm_broker_dies.
"""

from harness.conditions import accepted, biting_for
from harness.faults import kill, memory_alarm
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=8, for_seconds=32, retry_share=0),
    faults=[
        memory_alarm(when=accepted(24), for_seconds=14),
        kill("web", when=biting_for(11), for_seconds=2),
    ],
    # Who waits for confirms accepts nothing meanwhile.
    floors=Floors(accepted=20, finished=20, fault_window=5),
)


def test_broker_alarm_web_dies(cell):
    """A design that tells no lie while its messages wait loses none of them."""
    assert cell.verdict.kept_its_promise
