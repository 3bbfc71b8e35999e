"""One job kills each pool child that runs it, while its neighbours are healthy."""

from harness.conditions import started
from harness.faults import poison
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(4, "sleep", 2000)],
    ),
    # Six deliveries, and a worker notices a dead child after up to five seconds.
    faults=[poison(when=started(10), for_seconds=40)],
    bites={"late_ack": {"stranded_started"}},
)


def test_poison_job(cell):
    """A design that gives up after some tries ends that job, and all the others."""
    assert cell.verdict.kept_its_promise
