"""A worker loses its broker for a moment while one of its two children is busy.

Back again, it forgets which one: up to Celery 5.6 a job may be handed to the busy
child, and waits there until the long job ends, while the other child is free (CON-06 a
of the failure catalogue; celery #10346, in 5.7).
"""

from harness.conditions import at
from harness.faults import refuse
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import job_at, jobs

SCENARIO = Scenario(
    workload=jobs(
        # As in `countdowns_block`: with more, six lanes have no CPU time to spare.
        per_second=4,
        for_seconds=26,
        types={"power": 0.5, "fibonacci": 0.5},
        also=[job_at(2, "sleep", 30000)],
    ),
    # The other child is held at the end of its job meanwhile: no job begins, whose
    # early acknowledgement might be lost with the connection.
    faults=[
        refuse("worker", "rabbitmq", when=at("task.returned", nth=16), for_seconds=3)
    ],
    # It acknowledges early: no message comes back to keep the other child busy, too.
    bites={"early_ack": {"unrecovered"}},
    bites_in={"5.5.3": True, "5.6.3": True, "5.7.0": False},
    # Half of what the long job still has to go: all others are done in a moment.
    limits={"recovers_in_time": 12},
    floors=Floors(fault_window=5),
)


def test_free_child_starves(cell):
    """A design that has no long jobs does not notice."""
    assert cell.verdict.kept_its_promise
