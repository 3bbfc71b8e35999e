"""What may have made a job run again: a kill, a lost connection, a retry, a fault.

It exists because nobody can promise that a job runs once, or never twice at a time:
a connection can die under a running task. What lies between two attempts tells the
repetition that a fault explains from the one that nothing does, be it a repeated run,
an overlap, or an effect.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.fates import Account
from harness.history import ChildDied
from harness.records import Attempt, JobRecord

# A pool child that ends by itself: told to, or after so many tasks (billiard's own).
_ENDS_BY_ITSELF = frozenset((0, 0x9B))


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Why a job ran again: the cause that is proven, and whether it is explained.

    `how` says both in words: "redelivered, under refuse-rabbitmq".
    """

    cause: str
    how: str
    explained: bool


def why_repeated(record: JobRecord, account: Account) -> Again:
    """Return why a job of several attempts ran again; what nothing explains first."""
    reasons = [
        why_again(record, first, second, account)
        for first, second in pairwise(record.attempts())
    ]
    return min(reasons, key=lambda reason: reason.explained)


def why_again(
    record: JobRecord, first: Attempt, second: Attempt, account: Account
) -> Again:
    """Return what brought the second attempt about.

    The time that counts runs from the job's first publish to the second entry: what
    made two messages of one, or brought one back, happened in it.
    """
    signs = (*record.publishes_begun, *record.deliveries, first.entered)
    start, stop = min(event.time for event in signs), second.entered.time
    faults = [each.name for each in account.faults if each.lies_over(start, stop)]
    cause = _cause(record, first, second)
    died = _died_with_it(record, first, account, stop)
    by = "its worker had died" if died else under(faults)
    if cause == "retried":
        how = "the task was retried"
    else:
        how = by if cause == "unexplained" else f"{cause}, {by}"
    explained = died or bool(faults) or cause == "retried"
    return Again(cause=cause, how=how, explained=explained)


def _died_with_it(
    record: JobRecord, first: Attempt, account: Account, stop: float
) -> bool:
    """Say whether the attempt's process died by `stop`, and was not done with the job.

    It is done once its message is acknowledged after the body. A child that has left
    the body and ends by itself leaves the rest to its worker's main process.
    """
    entered = first.entered
    death = account.death_of(entered.container, entered.process, entered.time)
    if death is None or death.time > stop:
        return False
    if first.left is None:
        return True
    if isinstance(death, ChildDied) and death.exitcode in _ENDS_BY_ITSELF:
        return False
    return not any(
        word.task == entered.task
        and word.error is None
        and first.until <= word.time <= death.time
        for word in record.acknowledged
    )


def under(faults: Sequence[str]) -> str:
    """Return the words for the faults that lie over something."""
    return f"under {', '.join(faults)}" if faults else "by nothing that was seen"


def _cause(record: JobRecord, first: Attempt, second: Attempt) -> str:
    """Name what the ledgers show between the two entries, or before the second."""
    start, stop = first.entered.time, second.entered.time
    if any(e.state == "RETRY" and start <= e.time <= stop for e in record.tasks_ended):
        return "retried"
    if any(e.redelivered and start <= e.time <= stop for e in record.deliveries):
        return "redelivered"
    # Whoever puts a started job back to pending took its attempt for dead.
    if any(
        (e.old, e.new) == ("started", "pending") and start <= e.time <= stop
        for e in record.transitions
    ):
        return "lease"
    sent = [e for e in record.publishes_ended if e.error is None and e.time <= stop]
    if len(sent) > 1:
        return "published twice"
    came = Counter(
        e.task for e in record.deliveries if not e.redelivered and e.time <= stop
    )
    # A try that was never confirmed may have got there all the same.
    tried = Counter(e.task for e in record.publishes_begun if e.time <= stop)
    if any(came[task] > tried[task] > 0 for task in came):
        return "delivered twice"
    # After a crash of the database the ids that it took back are given again.
    if tried and any(task not in tried for task in came):
        return "another job's message"
    return "published twice" if came.total() > 1 else "unexplained"
