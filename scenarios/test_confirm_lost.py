"""The broker takes what is published, and nobody is told: its replies are lost.

A message that was not confirmed may well be there; who publishes it again makes a copy,
and who refuses the job has it run all the same (PUB-05 of the failure catalogue).
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
            lost="replies",
            when=accepted(25),
            # A publish waits 2 s for its confirm, and up to 5 s for another
            # connection, before the client is told that it failed.
            for_seconds=8,
        )
    ],
    bites={"late_ack": {"duplicate_job"}},
)


def test_confirm_lost(cell):
    """A design in which a job counts once bears any number of its messages."""
    assert cell.verdict.kept_its_promise
