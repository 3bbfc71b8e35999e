"""No job's body runs twice at the same time.

It exists because two attempts at once race for the same row. Nobody can promise it: a
broker that loses a worker's connection gives the message away while the worker goes on
(`judging.md` §5: overlap).
"""

from collections.abc import Iterator
from itertools import combinations

from harness.checkers.explained import why_again
from harness.fates import Account
from harness.records import JobRecord
from harness.verdict import Anomaly

GUARANTEE = "attempts_do_not_overlap"
GROUP = "acks-late retries"
SENTENCE = "No job's body runs twice at the same time."
KINDS = {"overlap": ("job run twice at once", "jobs run twice at once")}


def check(account: Account) -> Iterator[Anomaly]:
    """Find attempts that began before an earlier one of the same job was left."""
    for record in account.jobs:
        if len(record.entered) > 1:
            for each in record.each_job():
                yield from _overlaps(each, account)


def _overlaps(record: JobRecord, account: Account) -> Iterator[Anomaly]:
    """An attempt that was never left may have died at once: it proves nothing."""
    for first, second in combinations(record.attempts(), 2):
        if first.left is None or second.entered.time >= first.left.time:
            continue
        again = why_again(record, first, second, account)
        yield Anomaly(
            kind="overlap",
            keys=(record.key,),
            events=(first.entered, second.entered, first.left),
            because=f"two attempts at once, {again.how}",
            cause=again.cause,
            proven="presence",
            explained=again.explained,
        )
        return
