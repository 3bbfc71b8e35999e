"""placeholder B8."""

from harness.conditions import accepted
from harness.faults import revoke_permissions
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=6, for_seconds=22),
    faults=[revoke_permissions(when=accepted(30), for_seconds=8)],
)


def test_permissions_revoked(cell):
    """Placeholder."""
    assert cell.verdict.kept_its_promise
