"""Nothing goes wrong while clients submit jobs."""

from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(workload=jobs(per_second=5, for_seconds=20))


def test_baseline(cell):
    """Every design ends every job once, and keeps every guarantee."""
    assert cell.verdict.kept_its_promise
