"""Each job's body is entered once.

It exists to count what redelivery costs. Nobody can promise it: what a kill, a lost
connection, a retry or a fault explains is a number on the cell, and only what nothing
explains is harm (`judging.md` §5: duplicate_run).
"""

from collections.abc import Iterator

from harness.checkers.explained import why_repeated
from harness.fates import Account
from harness.records import JobRecord
from harness.verdict import Anomaly

GUARANTEE = "runs_once"
GROUP = "acks-late retries"
SENTENCE = "Each job's body is entered once."
KINDS = {"duplicate_run": ("job run again", "jobs run again")}


def check(account: Account) -> Iterator[Anomaly]:
    """Find jobs with several attempts."""
    for record in account.jobs:
        if len(record.entered) > 1:
            for each in record.each_job():
                if len(each.entered) > 1:
                    yield _run_again(each, account)


def _run_again(record: JobRecord, account: Account) -> Anomaly:
    again = why_repeated(record, account)
    return Anomaly(
        kind="duplicate_run",
        keys=(record.key,),
        events=(*record.deliveries, *record.entered, *record.left),
        because=f"{len(record.entered)} attempts, {again.how}",
        cause=again.cause,
        proven="presence",
        explained=again.explained,
    )
