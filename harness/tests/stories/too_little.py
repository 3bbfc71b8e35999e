"""So little work that nothing can be known of it."""

from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(workload=jobs(per_second=5, for_seconds=4))


def test_too_little(cell):
    """Nobody earns a verdict here."""
    assert cell.verdict.kept_its_promise
