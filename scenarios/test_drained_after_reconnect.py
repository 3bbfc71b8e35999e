"""A worker that has been back at its broker once is asked to end, with time enough.

Celery 5.7 sends heartbeats while it waits for its children, but no longer once it has
lost a connection: kombu's hub is reset then, and is not the current one any more, which
the pool looks for when it ends. So the broker delivers the message of the job that is
about to end once more, as with Celery 5.5 (WRK-11 of the failure catalogue, celery
#5998; that it is so after a reconnect was found here).
"""

from harness.conditions import accepted, running_for
from harness.faults import kill_connections, restart
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        per_second=3,
        # Until the worker is back it has nothing to do: no early acknowledgement is on
        # its way when the connection is lost, and no late one is lost with it.
        after_seconds=6,
        for_seconds=38,
        types={"power": 0.5, "fibonacci": 0.5},
        # RabbitMQ needs up to 25 s to notice. The worker is back before it begins.
        also=[job_at(0, "power", 8), job_at(8, "sleep", 34000)],
    ),
    faults=[
        kill_connections("worker", "rabbitmq", when=accepted(1)),
        restart("worker", grace_seconds=60, when=running_for(1)),
    ],
    bites={"late_ack": {"duplicate_effect"}},
    # All of it is over in a moment, in which no job need be under way.
    floors=Floors(fault_window=0),
)


def test_drained_after_reconnect(cell):
    """A design in which a job counts once bears a message too many."""
    assert cell.verdict.kept_its_promise
