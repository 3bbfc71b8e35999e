"""Every job that a client may count on is stored, and its body is entered.

It exists because the hand-over from web to worker is where jobs are lost without a
sound: the row is there, the message is not. A job counts whether the answer was a
201 or an error that kept the row (`judging.md` §5: lost_record, stranded_pending).
"""

from collections.abc import Iterator

from harness.checkers.hops import proof, where_dropped
from harness.fates import Account
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
            yield _dropped("lost_record", record, account)
        for each in record.each_open():
            if not each.started:
                yield _dropped("stranded_pending", each, account)


def _dropped(kind: str, record: JobRecord, account: Account) -> Anomaly:
    dropped = where_dropped(record, account)
    return Anomaly(
        kind=kind,
        keys=(record.key,),
        events=(*proof(record), *record.transitions),
        because=f"{record.answered}, {dropped.because}",
        cause=dropped.cause,
        proven="absence",
    )
