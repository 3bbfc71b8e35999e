"""Watches tasks start and end, in the process that runs them (a pool child)."""

from types import ModuleType
from typing import Any

from . import breakpoints, job, lines

KEPT_FOR_SECONDS = 600


def install(signals: ModuleType) -> None:
    """Connect to Celery's own signals."""
    signals.task_prerun.connect(_delivered, weak=False)
    signals.task_postrun.connect(_ended, weak=False)


@lines.harmless
def _delivered(
    *, task_id: str, task: Any, args: Any = (), kwargs: Any = None, **_: Any
) -> None:
    delivery = task.request.delivery_info or {}
    job_id = job.of_arguments(args, kwargs)
    lines.write(
        "delivered",
        job=job_id,
        task=str(task_id),
        redelivered=bool(delivery.get("redelivered")),
    )
    breakpoints.arrive("task.started", job_id)


@lines.harmless
def _ended(
    *,
    task_id: str,
    task: Any,
    args: Any = (),
    kwargs: Any = None,
    state: Any = None,
    **_: Any,
) -> None:
    job_id = job.of_arguments(args, kwargs)
    if state == "SUCCESS":
        breakpoints.arrive("task.returned", job_id)
    lines.write(
        "task_ended",
        job=job_id,
        task=str(task_id),
        state=str(state),
        keeps_result=_keeps_result(task),
    )


def _keeps_result(task: Any) -> bool:
    """Say whether Celery is to keep the task's result in Redis, and for a while."""
    if task.ignore_result or getattr(task.request, "ignore_result", False):
        return False
    if not str(task.app.conf.result_backend).startswith("redis"):
        return False
    expires = task.backend.expires  # in seconds; None and 0 are never
    return not expires or bool(expires >= KEPT_FOR_SECONDS)
