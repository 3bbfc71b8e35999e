"""Every service refuses every role for four seconds, all at once."""

from harness.conditions import accepted
from harness.faults import refuse
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=14),
    faults=[
        refuse("*", service, when=accepted(20), for_seconds=4)
        for service in ("postgres", "rabbitmq", "redis")
    ],
    floors=Floors(operations=60, accepted=30, finished=20, fault_window=5),
)


def test_everything_refused(cell):
    """A design that stores the intent with the job loses none of them."""
    assert cell.verdict.kept_its_promise
