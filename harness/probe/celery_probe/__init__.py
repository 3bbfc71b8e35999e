"""The probe: writes down publishes, deliveries and attempts as they happen.

It exists because only the processes of the app know these things. It waits for the
modules that it watches to be imported, and puts itself around one function of each:

    kombu.messaging   every single try to publish a task's message
    celery.signals    a task starts in a pool child, a task ends there
    jobs.bodies       the job's body is entered and left
    jobs.attempts     a dead letter's job is failed

and, with `PROBE_FULL=1`, acknowledgements, pool children and database connections.

`PROBE_LOG` names the file, `PROBE_CONTAINER` says where we are (else the host's
name). A hook that cannot be installed writes a line `probe_failed`: the ledger is
then not whole, and what it lacks proves nothing.
"""

import os

from . import bodies, dead_letters, full, imports, publish, tasks


def start() -> None:
    """Wait for the watched modules."""
    hooks = [
        ("kombu.messaging", publish.install),
        ("celery.signals", tasks.install),
        ("jobs.bodies", bodies.install),
        ("jobs.attempts", dead_letters.install),
    ]
    if os.environ.get("PROBE_FULL") == "1":
        hooks += full.HOOKS
    imports.after(hooks)
