"""A web process dies when a job is committed and its message is not published yet.

The request is held right there (PUB-12). Where the relay publishes, web is killed while
the relay is held. Nobody asks again, so that what the design does by itself decides.
"""

from harness.conditions import at
from harness.faults import kill
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=8, for_seconds=24, retry_share=0),
    faults=[kill("web", when=at("publish.before", nth=20), for_seconds=4)],
    bites={"late_ack": {"stranded_pending"}},
)


def test_web_killed_before_publish(cell):
    """A design that stores the message with the job has nothing in between."""
    assert cell.verdict.kept_its_promise
