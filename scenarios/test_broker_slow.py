"""Every word to the broker, and every word back, takes 0.3 s longer.

Whoever publishes waits for a connection, and others wait for whoever has one (PUB-07 of
the failure catalogue). A new connection takes some nine words each way.
"""

from harness.conditions import accepted
from harness.faults import latency
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=20),
    faults=[
        latency(
            "*",
            "rabbitmq",
            milliseconds=300,
            direction="both",
            when=accepted(25),
            for_seconds=8,
        )
    ],
)


def test_broker_slow(cell):
    """A design that limits its waits, or hands over later, lies to nobody."""
    assert cell.verdict.kept_its_promise
