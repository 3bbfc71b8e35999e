"""One job kills each pool child that runs it, while its neighbours are healthy."""

from harness.conditions import started
from harness.faults import poison
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=6,
        for_seconds=20,
        types={"power": 0.45, "fibonacci": 0.45, "sleep": 0.1},
        arguments={"sleep": (1000, 2000)},
    ),
    faults=[poison(when=started(30), for_seconds=8)],
    bites={"late_ack": {"stranded_started"}},
)


def test_poison_job(cell):
    """A design that gives up after some tries ends that job, and all the others."""
    assert cell.verdict.kept_its_promise
