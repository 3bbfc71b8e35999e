"""Every job that a client may count on is stored, and its body is entered.

It exists because the hand-over from web to worker is where jobs are lost without a
sound: the row is there, the message is not. A job counts whether the answer was a
201 or an error that kept the row (`judging.md` §5: lost_record, stranded_pending).
"""

from collections.abc import Iterator

from harness.fates import Account
from harness.history import QueueSeen
from harness.records import JobRecord
from harness.verdict import Anomaly

GUARANTEE = "every_job_starts"
GROUP = "lost tasks"
SENTENCE = "Every job that was accepted, or stored all the same, starts."
KINDS = {
    "lost_record": ("job lost", "jobs lost"),
    "stranded_pending": ("job pending for ever", "jobs pending for ever"),
}


def check(account: Account) -> Iterator[Anomaly]:
    """Find jobs without a row, and rows that no worker ever started."""
    for record in account.jobs:
        if record.fate == "lost":
            yield _lost(record)
        for each in record.each_open():
            if not each.started:
                yield _stranded(each, account.queues)


def _lost(record: JobRecord) -> Anomaly:
    if any(change.new is None for change in record.transitions):
        cause, how = "deleted", "its row was deleted"
    elif record.transitions:
        cause, how = "commit lost", "its row was there and is gone without a delete"
    else:
        cause, how = "never stored", "no row was ever written"
    return Anomaly(
        kind="lost_record",
        keys=(record.key,),
        events=(*record.ended, *record.transitions),
        because=f"{record.answered}, {how}",
        cause=cause,
        proven="absence",
    )


def _stranded(record: JobRecord, queues: tuple[QueueSeen, ...]) -> Anomaly:
    cause, hop = _hop(record, queues)
    return Anomaly(
        kind="stranded_pending",
        keys=(record.key,),
        events=(
            *record.ended,
            *record.publishes_begun,
            *record.publishes_ended,
            *record.deliveries,
            *record.rows,
        ),
        because=f"{record.answered}, {hop}",
        cause=cause,
        proven="absence",
    )


def _hop(record: JobRecord, queues: tuple[QueueSeen, ...]) -> tuple[str, str]:
    """Name the hand-over that failed, the latest that the job got to.

    The broker counts messages and does not name them: "in the queue" says that
    messages are left there, of which this may be one.
    """
    if record.deliveries:
        return "delivered, not started", "delivered to a worker that did not start it"
    published = [event for event in record.publishes_ended if event.error is None]
    if published:
        if any(q.ready + q.unacknowledged for q in queues if not q.dead_letters):
            return "stuck in the queue", "published, in the queue, not consumed"
        if any(q.ready + q.unacknowledged for q in queues if q.dead_letters):
            return "swallowed", "published, dead-lettered while its row is open"
        if any(event.confirmed for event in published):
            return "dropped by the broker", "published and confirmed, not in the queue"
        return "never confirmed", "published without a confirm, not in the queue"
    if record.owed:
        return "never published", "its outbox entry was never sent"
    if record.publishes_ended:
        return "never published", "publishing it failed"
    if record.publishes_begun:
        return "never published", "publishing it never ended"
    return "never published", "never published"
