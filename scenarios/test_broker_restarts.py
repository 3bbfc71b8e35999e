"""The broker is killed and started again, with ten messages that wait in it.

A durable queue keeps those that are persistent (BRK-01 of the failure catalogue); who
publishes meanwhile finds it away, and a broker takes long to boot (PUB-06).
"""

from harness.conditions import waiting
from harness.faults import crash
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=30,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(3, "sleep", 5000), job_at(3.1, "sleep", 5000)],
    ),
    faults=[crash("rabbitmq", when=waiting(10))],
    bites={"late_ack": {"stranded_pending"}},
    # While the broker boots, some designs accept no job, and it boots for long.
    floors=Floors(accepted=20, finished=20, fault_window=0),
)


def test_broker_restarts(cell):
    """A design that stores the intent with the job outlasts any boot."""
    assert cell.verdict.kept_its_promise
