"""The probe: writes down what the app's processes do, as they do it.

It exists because only the processes of the app know these things. It waits for the
modules that it watches to be imported, and puts itself around a function of each, or
connects to a signal:

    kombu.messaging             every single try to publish a task's message
    celery.signals              a task starts and ends in a pool child; a child is born
    jobs.bodies                 the job's body is entered and left
    kombu.message               a message is acknowledged or rejected
    billiard.pool               a pool child has died
    django.db.backends.signals  a connection to the database is made
    django.db.backends.*        a commit is about to be sent (a breakpoint only)
    jobs.attempts               a dead letter's job is failed

At some of these places a process can be made to wait (breakpoints.py).

`PROBE_LOG` names the file, `PROBE_CONTAINER` says where we are (else the host's
name). A hook that cannot be installed writes a line `probe_failed`: the ledger is
then not whole, and what it lacks proves nothing.
"""

from . import (
    acknowledgements,
    bodies,
    children,
    database,
    dead_letters,
    imports,
    publish,
    tasks,
)


def start() -> None:
    """Wait for the watched modules."""
    imports.after(
        [
            ("kombu.messaging", publish.install),
            ("celery.signals", tasks.install),
            ("celery.signals", children.install_births),
            ("jobs.bodies", bodies.install),
            ("kombu.message", acknowledgements.install),
            ("billiard.pool", children.install_deaths),
            ("django.db.backends.signals", database.install_connections),
            ("django.db.backends.base.base", database.install_commits),
            ("django.db.backends.utils", database.install_writes),
            ("jobs.attempts", dead_letters.install),
        ]
    )
