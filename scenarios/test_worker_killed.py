"""A worker dies with all that it holds, and is started again five seconds later."""

from harness.conditions import started
from harness.faults import kill
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=20, arguments={"sleep": (500, 1500)}),
    faults=[kill("worker", when=started(30), for_seconds=5)],
    bites={"early_ack": {"stranded_started"}},
)


def test_worker_killed(cell):
    """A design that acknowledges late gets back what its worker held."""
    assert cell.verdict.kept_its_promise
