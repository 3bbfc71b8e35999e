"""The broker goes silent to whoever publishes: what they send is lost, unanswered.

Without confirms nobody waits for an answer: the client reads 201 for a message that was
never there (PUB-01 of the failure catalogue).
"""

from harness.conditions import accepted
from harness.faults import silence
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[
        silence(
            ("web", "relay"),
            "rabbitmq",
            lost="requests",
            when=accepted(25),
            for_seconds=5,
        )
    ],
    bites={"tutorial": {"stranded_pending"}},
)


def test_broker_silent(cell):
    """A design that waits for the broker's word, or asks again, loses no job."""
    assert cell.verdict.kept_its_promise
