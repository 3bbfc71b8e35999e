"""The broker is unreachable for two seconds, in a story short enough for tests."""

from harness.conditions import accepted
from harness.faults import refuse
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=10),
    faults=[refuse("*", "rabbitmq", when=accepted(5), for_seconds=2)],
    floors=Floors(operations=20, accepted=15, finished=15, fault_window=1),
)


def test_short_outage(cell):
    """The story's promise, as in any scenario."""
    assert cell.verdict.kept_its_promise


def test_after_it(cell):
    """A second test, which Ctrl-C keeps from being run."""
    assert cell.verdict.kept_its_promise
