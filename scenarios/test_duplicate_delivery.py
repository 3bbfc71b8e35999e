"""Ten messages that wait are delivered a second time.

At least once is all that a broker promises; here nobody has to die for the second time
(B9 of the catalogue of faults).
"""

from harness.conditions import waiting
from harness.faults import deliver_again
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(3, "sleep", 4000), job_at(3.1, "sleep", 4000)],
    ),
    faults=[deliver_again(messages=10, when=waiting(10))],
    bites={"late_ack": {"duplicate_effect"}},
    floors=Floors(fault_window=0),
)


def test_duplicate_delivery(cell):
    """A design in which a job counts once bears any number of its messages."""
    assert cell.verdict.kept_its_promise
