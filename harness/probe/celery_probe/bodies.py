"""Watches the job's body: `jobs.bodies.run(job_id, type, argument)`.

An attempt is a body that was entered: a delivery that a design turns away is none.
"""

from functools import wraps
from types import ModuleType
from typing import Any

from . import lines


def install(bodies: ModuleType) -> None:
    """Put the watch around `run`, before anybody can have taken its name."""
    original = bodies.run

    @wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        about = {"job": kwargs.get("job_id", *args[:1]), "task": _task() or ""}
        lines.write("attempt_entered", **about)
        try:
            answer = original(*args, **kwargs)
        except BaseException as error:
            why = lines.text(error)
            lines.write("attempt_left", **about, outcome="raised", error=why)
            raise
        lines.write("attempt_left", **about, outcome="returned")
        return answer

    bodies.run = watched  # type: ignore[attr-defined]


@lines.harmless
def _task() -> str:
    """Return the id of the Celery task that runs here, "" outside of one."""
    from celery import current_task

    return str(current_task.request.id) if current_task else ""
