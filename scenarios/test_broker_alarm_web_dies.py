"""Web dies while the broker's memory alarm is on, and what it sent is not read yet.

The loss on exit that PUB-04 of the failure catalogue calls unverified. The bytes are
with the broker's own kernel. When the alarm is over, the broker reads them, or it finds
first that nobody is there any more, and drops all that it has of that connection: which
of the two is chance. Of 25 runs without confirms on a quiet machine, with alarms of 16
to 40 s, 18 lost some or all of what web had taken for sent; of 7 beside other lanes, 2.
With the broker they are lost for certain: see broker_alarm_broker_dies.

What is no chance: the replies to web's commits are late, so that whenever it dies, some
job is stored whose message it has not sent (PUB-12).
"""

from harness.conditions import accepted, biting_for
from harness.faults import kill, latency, memory_alarm
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=8, for_seconds=32, retry_share=0),
    faults=[
        memory_alarm(when=accepted(24), for_seconds=14),
        latency(
            "web",
            "postgres",
            milliseconds=300,
            when=biting_for(7),
            for_seconds=6,
        ),
        kill("web", when=biting_for(11), for_seconds=2),
    ],
    bites={"tutorial": {"stranded_pending"}, "early_ack": {"stranded_pending"}},
    # Who waits for confirms accepts nothing meanwhile.
    floors=Floors(accepted=20, finished=20, fault_window=5),
)


def test_broker_alarm_web_dies(cell):
    """A design that stores the message with the job loses none with web."""
    assert cell.verdict.kept_its_promise
