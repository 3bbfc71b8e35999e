"""Web dies while the broker's memory alarm is on, and what it sent is not read yet.

The loss on exit that PUB-04 of the failure catalogue calls unverified. The bytes are with
the broker's own kernel, and are read when the alarm is over, unless the broker sends
one of its heartbeats meanwhile: it finds that nobody is there, and ends the connection
with all that it has not read. Web's are sent every 5 s here, so the alarm goes on for
three of them. Without heartbeats, or in less time, nothing is lost.
"""

from harness.conditions import accepted, biting_for
from harness.faults import kill, memory_alarm
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=8, for_seconds=32, retry_share=0),
    faults=[
        memory_alarm(when=accepted(24), for_seconds=22),
        kill("web", when=biting_for(6), for_seconds=2),
    ],
    # Who waits for confirms accepts nothing meanwhile.
    floors=Floors(accepted=20, finished=20, fault_window=5),
    bites={"tutorial": {"stranded_pending"}, "early_ack": {"stranded_pending"}},
)


def test_broker_alarm_web_dies(cell):
    """A design that tells no lie while its messages wait loses none of them."""
    assert cell.verdict.kept_its_promise
