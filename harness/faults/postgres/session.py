"""Sessions of Postgres that a fault ends, or that it needs to hold something.

It exists because whoever holds a lock is a session, and its end is the lock's. One that
a fault needs is the harness's own, and dies with it; it goes by the fault's name in
`pg_stat_activity`, so that anybody can find and end it.
"""

import contextlib
import select
import threading
from collections.abc import Sequence

import psycopg2

from harness.stack.lane import Lane
from harness.stack.ledgers import database
from harness.stack.undoing import TellPostgres

# A session that nobody ends does so itself, so long after the fault's time.
_SLACK_SECONDS = 60
# The sessions of the lane's own database that are the app's.
_IN_LANE = "datname = current_database()"
APPS = (
    f"{_IN_LANE} AND backend_type = 'client backend'"
    f" AND application_name NOT LIKE '{database.OURS}%%'"
)
END_APPS = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {APPS}"


def hold(
    lane: Lane, name: str, *statements: str, for_seconds: float, options: str = ""
) -> None:
    """Have a session of the lane's database that runs the statements and then stays.

    It goes by `name_of(name)`; `options` are settings of its own, as libpq takes them.
    """
    threading.Thread(
        target=_stay,
        args=(lane.dsn, name, statements, for_seconds + _SLACK_SECONDS, options),
        name=name,
        daemon=True,
    ).start()


def _stay(
    dsn: str, name: str, statements: Sequence[str], seconds: float, options: str
) -> None:
    # However it ends: who needs it looks whether it is there.
    with (
        contextlib.suppress(psycopg2.Error),
        database.connect(dsn, name=name, options=options) as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
        select.select([cursor.connection], [], [], seconds)


def is_there(lane: Lane, name: str) -> bool:
    """Say whether the session of this name has done its statements, and stays."""
    with database.connect(lane.dsn) as cursor:
        cursor.execute(
            f"SELECT 1 FROM pg_stat_activity WHERE {_IN_LANE} AND {named(name)}"
            " AND state = 'idle in transaction'"
        )
        return cursor.fetchone() is not None


def named(name: str) -> str:
    """Return what is true of sessions that go by this name, in whichever database."""
    return f"application_name = '{database.OURS} {name}'"


def tell(lane: Lane, *statements: str) -> TellPostgres:
    """Return the undo that tells Postgres so, in the lane's own database."""
    return TellPostgres(
        container=lane.services["postgres"].id, dsn=lane.dsn, statements=statements
    )


def ended(lane: Lane, name: str) -> TellPostgres:
    """Return the undo that ends the sessions of this name."""
    end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    return tell(lane, f"{end} WHERE {_IN_LANE} AND {named(name)}")
