"""Watches connections to Postgres: which of its backends serves which process.

So a change of a job's status, which the database knows by its backend, leads to the
process that made it.
"""

from types import ModuleType
from typing import Any

from . import lines


def install(signals: ModuleType) -> None:
    """Connect to Django's own signal (`django.db.backends.signals`)."""
    signals.connection_created.connect(_connected, weak=False)


@lines.harmless
def _connected(*, connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        backend_pid = connection.connection.info.backend_pid
        lines.write("database_connected", backend_pid=backend_pid)
