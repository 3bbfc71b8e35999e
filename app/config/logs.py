"""Logs as one JSON object a line, with the job's id on each line that is about a job.

While a task runs, whatever its process logs is about the task's job. Elsewhere a logger
is told: `logger.info("created", extra={"job_id": 17})`.
"""

import json
import logging
from contextvars import ContextVar
from typing import Any

from celery.signals import task_postrun, task_prerun

_job_id: ContextVar[int | None] = ContextVar("job_id", default=None)


@task_prerun.connect
def _begin(kwargs: dict[str, Any], **_: Any) -> None:
    _job_id.set(kwargs.get("job_id"))


@task_postrun.connect
def _end(**_: Any) -> None:
    _job_id.set(None)


class JsonFormatter(logging.Formatter):
    """Make a line of JSON: at, level, logger, message, and job_id and error if any."""

    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; a traceback goes into `error`, so it stays one line."""
        line: dict[str, object] = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (job_id := getattr(record, "job_id", _job_id.get())) is not None:
            line["job_id"] = job_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)
