"""`manage.py migrate`, made safe for several web processes that start at once."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

# Any number will do, as long as nothing else in this database takes it.
LOCK = 2015


class Command(Migrate):
    """Migrate under a lock: who comes second waits, and finds nothing left to do."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run Django's command while holding the lock."""
        with connections[options["database"]].cursor() as cursor:
            # Waiting for another's migrations may take longer than a query may.
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                super().handle(*args, **options)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
