"""The Celery app. Run a worker with `celery --app=config worker`.

Its settings come from Django's (names that begin with CELERY_); the design adds its
own once the models are loaded (jobs/apps.py).
"""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A worker touches this file every 2 s while it holds its connection to the broker, and
# stops when it has lost it. The health check of compose.yaml looks at the file's age:
# `celery inspect ping` would start a Python of its own and load the broker each time.
WORKER_ALIVE = Path("/tmp/worker-alive")


@setup_logging.connect
def leave_logging_to_django(**_: Any) -> None:
    """Keep LOGGING of the settings: Celery sets up its own unless someone listens."""


@heartbeat_sent.connect
def touch_alive_file(**_: Any) -> None:
    """Say that this worker is connected to its broker."""
    WORKER_ALIVE.touch()
