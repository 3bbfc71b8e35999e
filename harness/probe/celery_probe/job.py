"""Finds the job that a task's message is about.

It exists in one place because the app says it in one way: its tasks take `job_id`,
by name or as their first argument.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def of_arguments(
    args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None
) -> int | None:
    """Return the job's id, None for a task that is about no job."""
    job = (kwargs or {}).get("job_id")
    if job is None and args:
        job = args[0]
    return job if type(job) is int else None


def of_body(body: bytes | str | None) -> int | None:
    """Return the job's id from a message's body in Celery's JSON, protocol 2."""
    try:
        args, kwargs, _ = json.loads(body or "")
        return of_arguments(args, kwargs)
    except (ValueError, TypeError, AttributeError):
        return None
