"""What Celery's result backend holds at the end, where a design keeps results.

It exists because a caller may wait for a task's result instead of the job's row, and
then the backend must say the same. It belongs to the database ledger, and is read from
the lane's own Redis database, around the proxies.
"""

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import redis

from harness.clock import now
from harness.errors import StackLost
from harness.history import AnyEvent, Delivered, PublishBegun, ResultSeen

# How Celery names a task's result; the rest of the key is the task's id.
_PREFIX = "celery-task-meta-"


def read_all(redis_url: str, attempts: Iterable[AnyEvent]) -> list[ResultSeen]:
    """Return the stored result of each task that is about a job.

    `attempts` is the attempts ledger: it knows which task is about which job. Raises
    StackLost where Redis does not answer, or holds what is no result of Celery's.
    """
    jobs = {
        event.task: event.job
        for event in attempts
        if isinstance(event, PublishBegun | Delivered) and event.job is not None
    }
    try:
        with contextlib.closing(
            redis.Redis.from_url(redis_url, socket_timeout=5)
        ) as client:
            names = sorted(client.scan_iter(f"{_PREFIX}*", count=1000))
            values: list[Any] = client.mget(names) if names else []
    except redis.RedisError as error:
        raise StackLost(f"Redis at {redis_url} could not be read: {error}") from error
    read = (
        _read(name.decode().removeprefix(_PREFIX), value, jobs)
        for name, value in zip(names, values, strict=True)
        if value is not None
    )
    return [seen for seen in read if seen is not None]


def _read(task: str, value: bytes, jobs: Mapping[str, int]) -> ResultSeen | None:
    """Return one task's result; None for a task that is about no job."""
    try:
        meta: dict[str, Any] = json.loads(value)
        state, result = str(meta["status"]), meta["result"]
    except (ValueError, LookupError, TypeError) as error:
        raise StackLost(
            f"the result of task {task} is none of Celery's: {error!r}"
        ) from error
    job = jobs.get(task, _job_of_arguments(meta))
    if job is None:
        return None
    number = result if type(result) is int else None
    return ResultSeen(time=now(), job=job, task=task, state=state, result=number)


def _job_of_arguments(meta: Mapping[str, Any]) -> int | None:
    """Return the job's id, which a result with `result_extended` tells by itself."""
    args, kwargs = meta.get("args"), meta.get("kwargs")
    job = kwargs.get("job_id") if isinstance(kwargs, dict) else None
    if job is None and isinstance(args, list) and args:
        job = args[0]
    return job if type(job) is int else None
