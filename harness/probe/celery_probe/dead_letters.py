"""Watches the end of dead letters: `jobs.attempts.fail_dead_letter(job_id)`.

A job that is failed by way of the dead-letter queue ended as its design meant it to;
one that is failed in any other way has to explain itself. Designs without that way
never call it.
"""

from functools import wraps
from types import ModuleType
from typing import Any

from . import lines


def install(attempts: ModuleType) -> None:
    """Put the watch around `fail_dead_letter`."""
    original = attempts.fail_dead_letter

    @wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        failed = original(*args, **kwargs)
        if failed:
            job = kwargs.get("job_id", *args[:1])
            lines.write("dead_lettered", job=job, queue=_queue() or "")
        return failed

    attempts.fail_dead_letter = watched  # type: ignore[attr-defined]


@lines.harmless
def _queue() -> str:
    """Return the routing key that brought the message here, "" outside of a task."""
    from celery import current_task

    info = (current_task.request.delivery_info if current_task else None) or {}
    return str(info.get("routing_key") or "")
