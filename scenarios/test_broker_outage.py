"""The broker is unreachable for five seconds while clients keep submitting jobs.

Publishing fails, and a row that is committed by then stays (PUB-06 of the failure
catalogue).
"""

from harness.conditions import accepted
from harness.faults import refuse
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[refuse("*", "rabbitmq", when=accepted(25), for_seconds=5)],
    bites={"tutorial": {"stranded_pending"}},
)


def test_broker_outage(cell):
    """A design that stores the intent with the job loses none of them."""
    assert cell.verdict.kept_its_promise
