"""Every job that starts reaches finished or failed.

It exists because a worker can die, or lose its connection, between a job's start and
its end, and nothing but the design brings the job back (`judging.md` §5:
stranded_started).
"""

from collections.abc import Iterator

from harness.checkers.hops import proof, where_dropped
from harness.fates import Account
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
                dropped = where_dropped(each, account)
                yield Anomaly(
                    kind="stranded_started",
                    keys=(each.key,),
                    events=proof(each),
                    because=f"{each.answered}, {dropped.because}",
                    cause=dropped.cause,
                    proven="absence",
                )
