"""Tests of config/logs.py."""

import json
import logging
import sys

from celery.signals import task_postrun, task_prerun

from config.logs import JsonFormatter


def line(message: str, **extra: object) -> dict[str, object]:
    """Format one record, and read it back."""
    record = logging.makeLogRecord({"msg": message, "name": "test", **extra})
    parsed: dict[str, object] = json.loads(JsonFormatter().format(record))
    return parsed


def test_a_line_that_is_told_its_job_names_it() -> None:
    """`extra={"job_id": ...}` puts the job's id on the line."""
    assert line("created", job_id=17)["job_id"] == 17
    assert "job_id" not in line("up")


def test_each_line_of_a_running_task_names_its_job() -> None:
    """Between a task's start and end, whoever logs is about its job."""
    task_prerun.send(sender=None, kwargs={"job_id": 17})
    during = line("working")
    task_postrun.send(sender=None)

    assert during["job_id"] == 17
    assert "job_id" not in line("idle")


def test_an_error_stays_on_its_line() -> None:
    """A traceback is a field, with its line breaks inside the JSON."""
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        text = line("failed", exc_info=sys.exc_info())["error"]

    assert "ZeroDivisionError" in str(text)
