"""Designs: the ways in which this app can hand its work to Celery, one file each.

DESIGN in the environment names the file to use. This is the whole seam between the app
and a design; a new design is a new file in this folder and nothing else.

    PROMISES          which guarantees it says it keeps, a literal; the two about time
                      need a limit: {"every_job_starts": {},
                      "recovers_in_time": {"within_seconds": 30}}
    CELERY            its Celery settings, laid over those that all designs share
    create(fields)    make a job from checked input -> (job, whether it is new)
    saved(job, created)
                      called after each Job.save()
    perform(task, job_id)
                      what a task does: everything around `bodies.run`. `task` is the
                      running Celery task; task.request knows about the delivery

and where a design wants them:

    POSTGRES          settings of its database sessions, whatever the server's own are
    RETRY             how Celery retries its tasks: autoretry_for, retry_backoff, ...
    background()      what `manage.py relay` runs: a generator that does one round of
                      work each time and yields the seconds to rest before the next
    RECOVERY_SECONDS  the longest time that it needs to bring an open job to its end
                      once nothing is queued or running any more (a retry that waits is
                      queued); a literal, 5 where none is given
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from celery import Task

    from jobs.models import Job

PARTS = ("PROMISES", "CELERY", "create", "saved", "perform")


class Design(Protocol):
    """What each module in this folder offers."""

    PROMISES: dict[str, dict[str, float]]
    CELERY: dict[str, Any]

    def create(self, fields: dict[str, Any]) -> "tuple[Job, bool]": ...

    def saved(self, job: "Job", created: bool) -> None: ...

    def perform(self, task: "Task", job_id: int) -> None: ...


@cache
def current() -> Design:
    """Give the design that DESIGN names.

    Raises ImproperlyConfigured where there is no such file or it lacks a part.
    """
    known = sorted(module.name for module in iter_modules(__path__))
    if settings.DESIGN not in known:
        raise ImproperlyConfigured(
            f"DESIGN is {settings.DESIGN!r}, but app/designs/ has only: "
            f"{', '.join(known)}."
        )
    design = import_module(f"designs.{settings.DESIGN}")
    if missing := [part for part in PARTS if not hasattr(design, part)]:
        raise ImproperlyConfigured(
            f"app/designs/{settings.DESIGN}.py lacks {', '.join(missing)}."
        )
    return cast(Design, design)
