"""Each submission key has at most one effect and at most one job.

It exists because a message may come twice and a client may ask twice; the consequence
in the outside world may not (`judging.md` §5: duplicate_effect, duplicate_job).
"""

from collections.abc import Iterator
from dataclasses import replace

from harness.checkers.explained import Again, under, why_repeated
from harness.fates import Account
from harness.records import JobRecord
from harness.verdict import Anomaly

GUARANTEE = "effects_happen_once"
GROUP = "acks-late retries"
SENTENCE = "No submission has more than one job, or more than one effect."
KINDS = {
    "duplicate_effect": ("job with more than one effect", "jobs with repeated effects"),
    "duplicate_job": ("key with more than one job", "keys with more than one job"),
}


def check(account: Account) -> Iterator[Anomaly]:
    """Find keys with several effects, and keys with several rows."""
    for record in account.jobs:
        if len(record.effects) > 1:
            again = _repeated(record, account)
            yield Anomaly(
                kind="duplicate_effect",
                keys=(record.key,),
                events=(*record.entered, *record.left, *record.effects),
                because=f"{len(record.effects)} effects, {again.how}",
                cause=again.cause,
                proven="presence",
                explained=again.explained,
            )
        if len(record.rows) > 1:
            again = _asked_again(record, account)
            yield Anomaly(
                kind="duplicate_job",
                keys=(record.key,),
                events=(*record.begun, *record.ended, *record.rows),
                because=f"{len(record.rows)} rows, {again.how}",
                cause=again.cause,
                proven="presence",
                explained=again.explained,
            )


def _repeated(record: JobRecord, account: Account) -> Again:
    """Say what made the effect happen again, by what the ledgers hold of it."""
    for each in record.each_job():
        if len(each.effects) > 1 and len(each.entered) > 1:
            return why_repeated(each, account)
    if len({effect.job for effect in record.effects}) > 1:
        again = _asked_again(record, account)
        return replace(again, how=f"one of each of its jobs, {again.how}")
    return Again(cause="unexplained", how="in one attempt", explained=False)


def _asked_again(record: JobRecord, account: Account) -> Again:
    """Say whether the client asked again, and whether a fault lies over that."""
    if len(record.begun) < 2:
        return Again(cause="unexplained", how="the client asked once", explained=False)
    start, stop = record.begun[0].time, record.begun[-1].time
    faults = [each.name for each in account.faults if each.lies_over(start, stop)]
    return Again(
        cause="retried by the client",
        how=f"the client retried, {under(faults)}",
        explained=bool(faults),
    )
