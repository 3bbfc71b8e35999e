"""Logs as one JSON object a line, with the job's id on each line that is about a job.

A task sets the id with `about_job` before it does anything; every logger below it, also
those of the libraries, then carries it.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_job_id: ContextVar[int | None] = ContextVar("job_id", default=None)


@contextmanager
def about_job(job_id: int) -> Iterator[None]:
    """Put the job's id on every line that is logged inside."""
    token = _job_id.set(job_id)
    try:
        yield
    finally:
        _job_id.reset(token)


class JsonFormatter(logging.Formatter):
    """Turn a record into one line of JSON: at, level, logger, message, job_id, error."""

    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; a traceback goes into `error`, so it stays one line."""
        line: dict[str, object] = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (job_id := _job_id.get()) is not None:
            line["job_id"] = job_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)
