"""A worker loses its broker for a moment, and is given less to do from then on.

Celery takes as many messages less as were being worked on when the connection was lost,
and more again as they end; but RabbitMQ does not let it take more of a quorum queue
(CON-08 of the failure catalogue; celery #9512, in 5.7). With two children one is left
idle for good, and a long job holds up all others.
"""

from harness.conditions import running_for
from harness.faults import refuse
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=5,
        for_seconds=20,
        types={"power": 0.5, "fibonacci": 0.5},
        # One that runs when the worker is cut off, and one that is asked for meanwhile.
        # Another keeps the other pool child in the middle of a job then: no job begins,
        # whose early acknowledgement might be lost with the connection.
        also=[
            job_at(2, "sleep", 8000),
            job_at(2.1, "sleep", 4000),
            job_at(6, "sleep", 20000),
        ],
    ),
    faults=[
        refuse("worker", "rabbitmq", when=running_for(1, attempts=2), for_seconds=5)
    ],
    bites={"requeue": {"unrecovered"}},
    bites_in={"5.5.3": True, "5.6.3": True, "5.7.0": False},
    limits={"recovers_in_time": 14},
    floors=Floors(fault_window=5),
)


def test_prefetch_stays_reduced(cell):
    """A design bears it where its jobs are short."""
    assert cell.verdict.kept_its_promise
