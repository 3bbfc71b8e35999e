"""The database ledger: a lane's rows, effects, outbox, and each change of status.

It exists because the final rows say where a job ended but not how it got there: a
trigger, in a schema of the harness's own, writes a line for every change of a job's
status, which no design can forget to do. The app's tables and the app's code know
nothing of it.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg2
import psycopg2.extensions

from harness.clock import now
from harness.history import AnyEvent, Clock, EffectSeen, Owed, Row, Transition

TERMINAL = ("finished", "failed")

# The table of each ledger event, as the app's models name them.
_JOBS, _EFFECTS, _OUTBOX = "jobs_job", "jobs_effect", "jobs_outbox"

_TRIGGER = f"""
CREATE SCHEMA IF NOT EXISTS harness;
CREATE TABLE IF NOT EXISTS harness.transition (
    sequence bigserial PRIMARY KEY,
    job bigint NOT NULL,
    key text,
    old text,
    new text,
    wall timestamptz NOT NULL DEFAULT clock_timestamp(),
    backend_pid integer NOT NULL DEFAULT pg_backend_pid(),
    application text NOT NULL DEFAULT current_setting('application_name')
);
CREATE OR REPLACE FUNCTION harness.note_transition() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO harness.transition (job, key, old, new)
        VALUES (NEW.id, NEW.key, NULL, NEW.status);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO harness.transition (job, key, old, new)
        VALUES (OLD.id, OLD.key, OLD.status, NULL);
    ELSIF NEW.status IS DISTINCT FROM OLD.status THEN
        INSERT INTO harness.transition (job, key, old, new)
        VALUES (NEW.id, NEW.key, OLD.status, NEW.status);
    END IF;
    RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER;
CREATE OR REPLACE TRIGGER harness_note_transition
    AFTER INSERT OR UPDATE OR DELETE ON {_JOBS}
    FOR EACH ROW EXECUTE FUNCTION harness.note_transition();
"""


Cursor = psycopg2.extensions.cursor
# How our sessions begin their names.
OURS = "harness"
# What a fault makes of the app's sessions must not befall ours.
_OPTIONS = "-c lock_timeout=5s -c default_transaction_read_only=off"


@contextlib.contextmanager
def connect(dsn: str, *, name: str = "", options: str = "") -> Iterator[Cursor]:
    """Give a cursor on a short autocommitting connection around the proxies.

    `name` is what the session goes by, after `OURS`; `options` are settings of its own.
    """
    connection = psycopg2.connect(
        dsn,
        connect_timeout=5,
        application_name=f"{OURS} {name}".strip(),
        options=f"{_OPTIONS} {options}",
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def install_trigger(dsn: str) -> None:
    """Begin the transition log of a lane's database. Repeatable."""
    with connect(dsn) as cursor:
        cursor.execute(_TRIGGER)


def count_open(dsn: str) -> tuple[int, int]:
    """Return how many jobs are not terminal, and how many messages are owed."""
    with connect(dsn) as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {_JOBS} WHERE status NOT IN %s", (TERMINAL,)
        )
        return int(_value(cursor)), len(_owed(cursor))


def read_all(dsn: str) -> list[AnyEvent]:
    """Return a lane's whole ledger, one snapshot, with times converted to our clock."""
    with connect(dsn) as cursor:
        # The connection is closed after it: there is nothing to commit.
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        begun = now()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        offset = now() - float(_value(cursor))
        clock = Clock(
            time=now(),
            ledger="database",
            offset_seconds=offset,
            error_seconds=now() - begun,
        )
        return [
            clock,
            *_transitions(cursor, offset),
            *_rows(cursor),
            *_effects(cursor),
            *(Owed(time=now(), job=job) for job in _owed(cursor)),
        ]


def empty(dsn: str) -> None:
    """Empty every table of the app but keep its migrations; identities grow on.

    Django's own tables (users, sessions, content types) stay as they are.
    """
    with connect(dsn) as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE "
            "schemaname = 'harness' OR schemaname = 'public' "
            "AND tablename LIKE 'jobs\\_%'"
        )
        tables = ", ".join(row[0] for row in cursor.fetchall())
        cursor.execute(f"TRUNCATE {tables}")


def count_rows(dsn: str) -> int:
    """Return how many jobs the lane's database holds."""
    with connect(dsn) as cursor:
        cursor.execute(f"SELECT count(*) FROM {_JOBS}")
        return int(_value(cursor))


def count_busy_sessions(dsn: str) -> int:
    """Return how many of the app's transactions have been open for a while.

    A relay's or reaper's short look at its tables is not meant: 0.3 s is longer than
    any of those, and far shorter than a session that hangs.
    """
    with connect(dsn) as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
            " AND xact_start < clock_timestamp() - interval '0.3 s'"
        )
        return int(_value(cursor))


def create_database(dsn: str, name: str) -> None:
    """Create a lane's database, given a connection to another one."""
    with connect(dsn) as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')


def version(dsn: str) -> str:
    """Return the server's version."""
    with connect(dsn) as cursor:
        cursor.execute("SHOW server_version")
        return str(_value(cursor)).split()[0]


def _value(cursor: Cursor) -> Any:
    """Return the one value of a query that gives one row."""
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def _transitions(cursor: Any, offset: float) -> Iterator[Transition]:
    cursor.execute(
        "SELECT extract(epoch FROM wall), sequence, job, key, old, new, backend_pid, "
        "application FROM harness.transition ORDER BY sequence"
    )
    for at, sequence, job, key, old, new, backend_pid, application in cursor.fetchall():
        yield Transition(
            time=float(at) + offset,
            sequence=sequence,
            job=job,
            key=key,
            old=old,
            new=new,
            backend_pid=backend_pid,
            application=application,
        )


def _rows(cursor: Any) -> Iterator[Row]:
    cursor.execute(
        f"SELECT id, key, type, argument, status, result FROM {_JOBS} ORDER BY id"
    )
    for job, key, type_, argument, status, result in cursor.fetchall():
        yield Row(
            time=now(),
            job=job,
            key=key,
            type=type_,
            argument=argument,
            status=status,
            result=None if result is None else int(result),
        )


def _effects(cursor: Any) -> Iterator[EffectSeen]:
    cursor.execute(f"SELECT id, job_id FROM {_EFFECTS} ORDER BY id")
    for effect, job in cursor.fetchall():
        yield EffectSeen(time=now(), effect=effect, job=job)


def _owed(cursor: Any) -> list[int]:
    """Return the jobs whose message an outbox still has to send."""
    cursor.execute("SELECT to_regclass(%s)", (_OUTBOX,))
    if _value(cursor) is None:
        return []
    cursor.execute(f"SELECT job_id FROM {_OUTBOX} WHERE sent_at IS NULL")
    return [row[0] for row in cursor.fetchall()]
