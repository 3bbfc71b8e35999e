"""`read_only`: the lane's database takes no writes any more, as after a fail-over to a
replica that is not promoted yet: every session is ended, and in new ones each change is
refused (`faults.md` G5).

A replica's refusal is SQLSTATE 25006. For psycopg2, and so for Django, that is an
InternalError, which no list of "the database is away" errors has that stops at
OperationalError (posthog/posthog #88301).
"""

from psycopg2.extensions import quote_ident

from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, is_told
from harness.faults.postgres.session import END_APPS, tell
from harness.stack.lane import Lane
from harness.stack.ledgers import database
from harness.stack.undoing import Undo

_SETTING = "default_transaction_read_only"


def read_only(*, when: Condition, for_seconds: float) -> LinkFault:
    """Let nobody change anything in the lane's own database."""
    return LinkFault(
        type="read_only",
        roles=("worker",),
        services=("postgres",),
        when=when,
        for_seconds=for_seconds,
        does="every session is ended, and new ones may only read",
        begin=_forbid,
        feels=is_told("read-only"),
        undo=_allow,
        check=SOME_WORK,
        hits="the lane's database",
    )


def _forbid(lane: Lane, links: Links) -> None:
    with database.connect(lane.dsn) as cursor:
        cursor.execute(f"ALTER DATABASE {_its_name(cursor)} SET {_SETTING} = on")
        cursor.execute(END_APPS)


def _allow(lane: Lane, links: Links) -> Undo:
    """Remember the database's own setting; sessions that were opened under ours end."""
    with database.connect(lane.dsn) as cursor:
        name = _its_name(cursor)
        cursor.execute(
            "SELECT split_part(each, '=', 2) FROM pg_db_role_setting"
            " JOIN pg_database ON pg_database.oid = setdatabase, unnest(setconfig) each"
            f" WHERE datname = current_database() AND setrole = 0"
            f" AND split_part(each, '=', 1) = '{_SETTING}'"
        )
        was = cursor.fetchone()
    before = f"SET {_SETTING} = {was[0]}" if was else f"RESET {_SETTING}"
    return tell(lane, f"ALTER DATABASE {name} {before}", END_APPS)


def _its_name(cursor: database.Cursor) -> str:
    cursor.execute("SELECT current_database()")
    (name,) = cursor.fetchone() or ("",)
    return quote_ident(name, cursor)
