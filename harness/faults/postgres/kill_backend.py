"""`kill_backend`: one session's process is killed, as the kernel does when memory runs
out. Postgres cannot know what it left half-written in shared memory: it ends all other
sessions, too, and recovers from its log, without its container ending. It looks at each
of its files then, which takes a second, and ten on a busy disk. It shows what a crash
does to jobs that were in the middle of their work (`failures.md` DB-01).

The other crashes are there already: `stop("postgres", by="SIGQUIT")` is an immediate
shutdown, `kill("postgres")` takes all processes at once. Both end the container, and
what was acknowledged survives all three, as long as commits wait for the disk
(`asynchronous_commit`).
"""

from harness.conditions import Condition
from harness.errors import FaultNotInjected
from harness.faults.network.link_fault import (
    SOME_WORK,
    LinkFault,
    Links,
    connections_gone,
    nothing_to_undo,
)
from harness.faults.postgres.session import APPS
from harness.stack import processes
from harness.stack.lane import Lane
from harness.stack.ledgers import database


def kill_backend(*, when: Condition) -> LinkFault:
    """Kill one session's process, upon which all end and the database recovers."""
    return LinkFault(
        type="kill_backend",
        roles=("*",),
        services=("postgres",),
        when=when,
        for_seconds=1,
        does="one session's process is killed: all sessions end, and it recovers",
        begin=_kill,
        feels=connections_gone,
        undo=nothing_to_undo,
        # While it recovers it greets everybody, and lets nobody in.
        check=SOME_WORK,
        lasts=False,
        of_connections=True,
        shared=True,
        hits="postgres",
    )


def _kill(lane: Lane, links: Links) -> None:
    """After a checkpoint: a young stack has had none, and much to do again."""
    with database.connect(lane.dsn) as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(f"SELECT min(pid) FROM pg_stat_activity WHERE {APPS}")
        (backend,) = cursor.fetchone() or (None,)
    if backend is None:
        raise FaultNotInjected(f"lane {lane.name} has no session of Postgres")
    processes.kill(lane.services["postgres"], backend)
