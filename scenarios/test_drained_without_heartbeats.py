"""A worker is asked to end, and given all the time that its job needs.

Celery 5.5 sends no heartbeats while it waits for its children: the broker takes it for
dead after two that it missed, and delivers the message of the job that is about to end
once more (WRK-11 of the failure catalogue; celery #5998, #9986, in 5.6.1). RabbitMQ
needs up to 25 s to notice, so the job takes 34 s.
"""

from harness.conditions import running_for
from harness.faults import restart
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=3,
        for_seconds=40,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(2, "sleep", 34000)],
    ),
    faults=[restart("worker", grace_seconds=60, when=running_for(1))],
    bites={"late_ack": {"duplicate_effect"}},
    bites_in={"5.5.3": True, "5.6.3": False, "5.7.0": False},
    # All of it is over in a moment, in which no job need be under way.
    floors=Floors(fault_window=0),
)


def test_drained_without_heartbeats(cell):
    """A design in which a job counts once bears a message too many."""
    assert cell.verdict.kept_its_promise
