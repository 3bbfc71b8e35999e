"""Watches Postgres from the app's side: its connections, and each commit to come.

Which of its backends serves which process: so a change of a job's status, which the
database knows by its backend, leads to the process that made it. Of a commit nothing is
written down; it is a place to wait at (breakpoints.py).
"""

from functools import wraps
from types import ModuleType
from typing import Any

from . import breakpoints, lines

WRITES = ("INSERT", "UPDATE", "DELETE")


def install_connections(signals: ModuleType) -> None:
    """Connect to Django's own signal (`django.db.backends.signals`)."""
    signals.connection_created.connect(_connected, weak=False)


def install_commits(base: ModuleType) -> None:
    """Put a breakpoint before the COMMIT of each transaction."""
    original = base.BaseDatabaseWrapper._commit

    @wraps(original)
    def watched(connection: Any) -> Any:
        breakpoints.arrive("commit.before", None)
        return original(connection)

    base.BaseDatabaseWrapper._commit = watched


def install_writes(utils: ModuleType) -> None:
    """Put the same one before a statement that commits by itself: in autocommit."""
    original = utils.CursorWrapper._execute

    @wraps(original)
    def watched(cursor: Any, sql: Any, *args: Any) -> Any:
        if cursor.db.autocommit and str(sql).startswith(WRITES):
            breakpoints.arrive("commit.before", None)
        return original(cursor, sql, *args)

    utils.CursorWrapper._execute = watched


@lines.harmless
def _connected(*, connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        backend_pid = connection.connection.info.backend_pid
        lines.write("database_connected", backend_pid=backend_pid)
