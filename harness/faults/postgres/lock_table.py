"""`lock_table`: a session holds the lock that a migration takes on the table of jobs;
whoever reads or writes it waits, as long as it has the patience (`faults.md` G2).
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, observes
from harness.faults.postgres.session import ended, hold
from harness.stack.lane import Lane
from harness.stack.undoing import Undo

_NAME = "lock_table"
_LOCK = "LOCK TABLE jobs_job IN ACCESS EXCLUSIVE MODE"


def lock_table(*, when: Condition, for_seconds: float) -> LinkFault:
    """Lock the lane's table of jobs, as `ALTER TABLE` does: nobody else may look."""
    return LinkFault(
        type=_NAME,
        roles=("worker",),
        services=("postgres",),
        when=when,
        for_seconds=for_seconds,
        does="another session holds the lock of a migration, and everybody waits",
        begin=partial(_lock, for_seconds=for_seconds),
        feels=observes("silent"),
        undo=_end,
        check=SOME_WORK,
        hits="the table of jobs",
    )


def _lock(lane: Lane, links: Links, for_seconds: float) -> None:
    # As patient as a migration: it waits for whoever has the table, all wait for it.
    hold(
        lane,
        _NAME,
        "BEGIN",
        _LOCK,
        for_seconds=for_seconds,
        options="-c lock_timeout=0",
    )


def _end(lane: Lane, links: Links) -> Undo:
    return ended(lane, _NAME)
