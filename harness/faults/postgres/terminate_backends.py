"""`terminate_backends`: the database ends every session of the lane, once, as on a
fail-over, or by an administrator's hand. New ones are welcome at once.

Unlike `kill_connections`, nobody is left to go on with what was asked last: each open
transaction is rolled back.
"""

from harness.clock import wait_until
from harness.conditions import Condition
from harness.faults.network.link_fault import (
    LinkFault,
    Links,
    connections_gone,
    nothing_to_undo,
)
from harness.faults.postgres.session import END_APPS
from harness.stack.lane import Lane
from harness.stack.ledgers import database


def terminate_backends(*, when: Condition) -> LinkFault:
    """End every session in the lane's own database, once."""
    return LinkFault(
        type="terminate_backends",
        roles=("*",),
        services=("postgres",),
        when=when,
        for_seconds=1,
        does="every session is ended by the database",
        begin=_end,
        feels=connections_gone,
        undo=nothing_to_undo,
        lasts=False,
        of_connections=True,
        hits="the lane's sessions of postgres",
    )


def _end(lane: Lane, links: Links) -> None:
    """Twice at least: who is logging in meanwhile is not listed yet."""
    with database.connect(lane.dsn) as cursor:
        cursor.execute("SELECT clock_timestamp()")
        begun = cursor.fetchone()

        def none_is_left() -> bool:
            cursor.execute(f"{END_APPS} AND backend_start <= %s", begun)
            return cursor.rowcount == 0

        wait_until(none_is_left, within_seconds=5, every_seconds=0.2)
