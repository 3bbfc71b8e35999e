"""`exhaust_connections`: somebody else has taken every connection that Postgres gives,
and takes each that becomes free (`faults.md` G1). Who has one keeps it; who opens one
for each task, as Celery's workers do, is turned away.

A limit for a role or a database would be of no use here: the official image makes the
app's user a superuser, to whom none applies. So they are really taken: by one bash in
Postgres' own container, which speaks just enough of the protocol to log in. It holds
them as long as a file of ours is there, and no longer than its time. It leaves no
process behind: what has no parent any more becomes a child of Postgres, which recovers
from a "crash" of its own when that exits with 2 (measured on 17.12).
"""

import struct
from functools import partial
from urllib.parse import unquote, urlsplit

import psycopg2

from harness.clock import wait_until
from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, is_told
from harness.stack.lane import Lane
from harness.stack.ledgers import database
from harness.stack.undoing import RunInside, Undo

_NAME = "exhaust_connections"
_FILE = f"/tmp/{_NAME}"  # noqa: S108 - the container's own
_SLACK_SECONDS = 60
_FULL_WITHIN_SECONDS = 30
# $1: the file, $2: how many seconds at most, $3: the words of a login. Many logins at
# once, until some are refused; then two at a time, for what becomes free. The server's
# first byte is R (go on) or E (no). `read` on a pipe that nobody writes is a rest that
# needs no other process.
_TAKE_ALL = r"""
touch "$1"
exec {rest}<> <(:)
many=50
while [ -e "$1" ] && [ "$SECONDS" -lt "$2" ]; do
  asked=()
  for ((number = 0; number < many; number++)); do
    exec {session}<>/dev/tcp/127.0.0.1/5432 || break
    printf "$3" >&"$session" && asked+=("$session")
  done
  for session in "${asked[@]}"; do
    answer=
    IFS= read -r -N1 -t5 -u "$session" answer
    [ "$answer" = R ] || { exec {session}>&-; many=2; }
  done
  [ "$many" = 2 ] && read -r -t 0.02 -u "$rest"
done 2>/dev/null
"""


def exhaust_connections(*, when: Condition, for_seconds: float) -> LinkFault:
    """Take every connection that Postgres gives, and each that becomes free."""
    return LinkFault(
        type=_NAME,
        roles=("worker",),
        services=("postgres",),
        when=when,
        for_seconds=for_seconds,
        does="all its connections are taken, and each that becomes free",
        begin=partial(_take, for_seconds=for_seconds),
        feels=is_told("too many clients", "connection slots are reserved"),
        undo=_give_back,
        check=SOME_WORK,
        shared=True,
        hits="postgres",
    )


def _take(lane: Lane, links: Links, for_seconds: float) -> None:
    """Wait until they are taken: hundreds of logins take their time."""
    seconds = f"{for_seconds + _SLACK_SECONDS:.0f}"
    words = "".join(f"\\x{byte:02x}" for byte in _login(lane))
    lane.services["postgres"].exec_run(
        ["bash", "-c", _TAKE_ALL, _NAME, _FILE, seconds, words], detach=True
    )
    wait_until(lambda: _is_full(lane), within_seconds=_FULL_WITHIN_SECONDS)


def _is_full(lane: Lane) -> bool:
    try:
        with database.connect(lane.dsn):
            return False
    except psycopg2.OperationalError:
        return True


def _login(lane: Lane) -> bytes:
    """Return a start-up message (PostgreSQL's protocol 3.0), by our own name."""
    url = urlsplit(lane.dsn)
    fields = {
        "user": unquote(url.username or ""),
        "database": url.path.lstrip("/"),
        "application_name": _NAME,
    }
    body = "".join(f"{name}\0{value}\0" for name, value in fields.items()) + "\0"
    return struct.pack("!II", 8 + len(body), 3 << 16) + body.encode()


def _give_back(lane: Lane, links: Links) -> Undo:
    return RunInside(
        container=lane.services["postgres"].id, commands=(("rm", "-f", _FILE),)
    )
