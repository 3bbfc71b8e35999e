"""placeholder PUB-09."""

from harness.conditions import accepted
from harness.faults import limit_message_size
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=20),
    faults=[limit_message_size(size_bytes=64, when=accepted(30), for_seconds=5)],
    bites={"tutorial": {"stranded_pending"}},
)


def test_message_too_large(cell):
    """Placeholder."""
    assert cell.verdict.kept_its_promise
