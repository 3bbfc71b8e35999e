"""Web dies while the broker's memory alarm is on, and what it sent is not read yet.

The loss on exit that PUB-04 of the failure catalogue calls unverified: clients read 201
at once, and their messages wait in web's own socket buffer (celery/celery #2689).
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
    bites={"tutorial": {"stranded_pending"}},
    floors=Floors(fault_window=5),
)


def test_broker_alarm_web_dies(cell):
    """A design that waits for the broker's word has told nobody of these jobs."""
    assert cell.verdict.kept_its_promise
