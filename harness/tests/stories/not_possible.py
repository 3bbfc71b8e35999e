"""A fault that needs what no machine has."""

from dataclasses import replace

from harness.conditions import accepted
from harness.faults import partition
from harness.scenario import Scenario
from harness.workload import jobs

FAULT = partition("worker", "rabbitmq", when=accepted(5), for_seconds=2)
SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=10),
    faults=[replace(FAULT, needs=("a kernel of tomorrow",))],
)


def test_not_possible(cell):
    """Nobody gets here."""
    assert cell.verdict.kept_its_promise
