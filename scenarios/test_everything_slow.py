"""Every reply from every service takes 0.2 to 0.4 s longer.

Nothing is lost; transactions are open for longer, and what has a time-out may reach it
(OPS-04 of the failure catalogue).
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
            "*",
            milliseconds=300,
            jitter_milliseconds=100,
            when=accepted(25),
            for_seconds=8,
        )
    ],
)


def test_everything_slow(cell):
    """A design loses and doubles nothing because of a slow day."""
    assert cell.verdict.kept_its_promise
