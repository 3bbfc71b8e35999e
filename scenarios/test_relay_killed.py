"""A relay dies when it has published a message and not marked it as sent yet.

It is held right there: the other half of PUB-12, which turns a lost message into one
that is sent twice. Designs without a relay publish from web, and are not run.
"""

from harness.conditions import at
from harness.faults import kill
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=8, for_seconds=20),
    faults=[
        kill("relay", when=at("publish.after", nth=20, role="relay"), for_seconds=4)
    ],
)


def test_relay_killed(cell):
    """A design that publishes at least once turns the second message away."""
    assert cell.verdict.kept_its_promise
