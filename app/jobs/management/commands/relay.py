"""`manage.py relay`: runs the design's background work until it is told to stop."""

import logging
import signal
from pathlib import Path
from threading import Event
from typing import Any

from amqp.exceptions import AMQPError
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection
from kombu.exceptions import OperationalError as BrokerError

import designs

RELAY_ALIVE = Path("/tmp/relay-alive")  # compose.yaml's health check looks at its age
RETRY_SECONDS = 0.5
IDLE_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Run what the design does besides web and workers; idle if it does nothing."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Go round until SIGTERM or SIGINT, also while a service is away."""
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        background = getattr(designs.current(), "background", None)
        logger.info("relay is up" if background else "this design needs no relay")
        while not stop.is_set():
            RELAY_ALIVE.touch()
            if background is None:
                stop.wait(IDLE_SECONDS)
                continue
            try:
                for rest_seconds in background():
                    RELAY_ALIVE.touch()
                    if stop.wait(rest_seconds):
                        break
            except (DatabaseError, BrokerError, AMQPError, OSError) as error:
                logger.warning("relay lost a service, tries again: %r", error)
                connection.close()
                stop.wait(RETRY_SECONDS)
        logger.info("relay stops")
