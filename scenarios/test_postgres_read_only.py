"""The database takes no writes for six seconds, as after a fail-over to a replica.

Every session ends, and in a new one each change is refused by an InternalError, which a
list of errors to try again after may well not have (G5 of the catalogue of faults;
posthog/posthog #88301).
"""

from harness.conditions import running_for
from harness.faults import read_only
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=26,
        types={"power": 0.5, "fibonacci": 0.5},
        # They are in the middle of their bodies whenever a busy machine feels it.
        also=[job_at(4, "sleep", 12000), job_at(4.1, "sleep", 12000)],
    ),
    faults=[read_only(when=running_for(0.5, attempts=2), for_seconds=6)],
    bites={"late_ack": {"stranded_started"}},
    # A busy machine takes ten seconds to feel it: that leaves less time to finish in.
    floors=Floors(finished=30),
)


def test_postgres_read_only(cell):
    """A design that takes a refusal to write for a database that is away waits."""
    assert cell.verdict.kept_its_promise
