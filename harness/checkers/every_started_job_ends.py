"""Every job that starts reaches finished or failed.

It exists because a worker can die, or lose its connection, between a job's start and
its end, and nothing but the design brings the job back (`judging.md` §5:
stranded_started).
"""

from collections.abc import Iterator

from harness.fates import Account
from harness.records import JobRecord
from harness.verdict import Anomaly

GUARANTEE = "every_started_job_ends"
GROUP = "lost tasks"
SENTENCE = "Every job that starts ends: finished or failed."
KINDS = {"stranded_started": ("job started for ever", "jobs started for ever")}


def check(account: Account) -> Iterator[Anomaly]:
    """Find jobs that started, by an attempt or by their row, and are still open."""
    for record in account.jobs:
        for each in record.each_open():
            if each.started:
                yield _stranded(each, account)


def _stranded(record: JobRecord, account: Account) -> Anomaly:
    cause, how = _how(record, account)
    return Anomaly(
        kind="stranded_started",
        keys=(record.key,),
        events=(*record.deliveries, *record.entered, *record.left, *record.rows),
        because=f"{record.answered}, {how}",
        cause=cause,
        proven="absence",
    )


def _how(record: JobRecord, account: Account) -> tuple[str, str]:
    """Say how far the last attempt came, and what became of its message."""
    attempts = record.attempts()
    last = max(attempts, key=lambda each: each.entered.time, default=None)
    if last is None:
        return "unexplained", "its row says started, no worker entered its body"
    if last.left is not None:
        return "result lost", f"its body {last.left.outcome}, its row never ended"
    died = any(
        event.process == last.entered.process and event.time >= last.entered.time
        for event in account.processes_ended
    )
    how = "its worker died in the attempt" if died else "its attempt never ended"
    if any(q.ready + q.unacknowledged for q in account.queues if q.dead_letters):
        return "swallowed", f"{how}, messages are dead-lettered"
    if any(q.unacknowledged for q in account.queues):
        return "stuck unacknowledged", f"{how}, messages are unacknowledged"
    if any(q.ready for q in account.queues):
        return "stuck in the queue", f"{how}, messages are left in the queue"
    return "not delivered again", f"{how}, no message is left to deliver again"
