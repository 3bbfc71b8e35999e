"""Packets between web and Postgres vanish, and no end of a connection is told.

Who asks on a connection that is open hears nothing, and who opens one neither (DB-09 of
the failure catalogue). Both waits must end, and one after the other they must fit into
the time that a client has.
"""

from harness.conditions import accepted
from harness.faults import partition
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    # Each request keeps a thread for six seconds at first, then for three; with more
    # clients than this they run out, and who waits for one is told nothing of Postgres.
    workload=jobs(per_second=3, for_seconds=36),
    faults=[partition("web", "postgres", when=accepted(15), for_seconds=15)],
    # Nearly half of the clients are refused.
    floors=Floors(accepted=40, finished=40),
)


def test_postgres_partitioned(cell):
    """A design of which web ends its waits answers in time, and loses no job."""
    assert cell.verdict.kept_its_promise
