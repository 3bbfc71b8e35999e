"""What the API said happened is what happened: no more jobs than were asked for.

It exists because a refusal that leaves a job behind, or a job that nobody asked for,
is a lie just as a lost one is (`judging.md` §5: resurrected, orphan_run, phantom).
"""

from collections.abc import Iterator

from harness.fates import Account
from harness.history import AttemptEntered
from harness.records import JobRecord
from harness.verdict import Anomaly, Doubt, Proof

GUARANTEE = "answers_are_honest"
GROUP = "job state consistency"
SENTENCE = "A refused job does not exist, and no job exists that nobody asked for."
KINDS = {
    "resurrected": ("refused job that exists", "refused jobs that exist"),
    "orphan_run": ("attempt without a job", "attempts without a job"),
    "phantom": ("job that nobody asked for", "jobs that nobody asked for"),
}


def check(account: Account) -> Iterator[Anomaly | Doubt]:
    """Find refused jobs that live, attempts of rows that never were, and strangers."""
    for record in account.jobs:
        if record.outcome == "failed" and (record.rows or record.runs):
            yield _resurrected(record, account)
        yield from _orphans(record, account)
    for record in account.strangers:
        yield from _orphans(record, account)
        yield from _phantom(record, account.cell.key_prefix)


def _resurrected(record: JobRecord, account: Account) -> Anomaly:
    # A lost line could hold the retry that was accepted: then it was not refused.
    whole: Proof = "absence" if "client" in account.unread else "presence"
    return Anomaly(
        kind="resurrected",
        keys=(record.key,),
        events=(*record.ended, *record.transitions, *record.entered, *record.rows),
        because=f"{record.answered}, and yet "
        + ("it ran" if record.runs else "its row exists"),
        cause="unexplained",
        proven=whole,
    )


def _orphans(record: JobRecord, account: Account) -> Iterator[Anomaly | Doubt]:
    orphans: dict[int, list[AttemptEntered]] = {}
    for event in record.entered:
        if event.job not in record.stored:
            orphans.setdefault(event.job, []).append(event)
    if orphans and account.forgets:
        # Of a job that was asked for, the lost row is named by every_job_starts.
        if not record.asked:
            yield Doubt(
                because=f"whether {record.key} was ever stored is not known: the"
                " database has lost what it had committed"
            )
        return
    for entered in orphans.values():
        yield Anomaly(
            kind="orphan_run",
            keys=(record.key,),
            events=tuple(entered),
            because="its row never existed: published, and rolled back",
            cause="published before commit",
            proven="absence",
        )


def _phantom(record: JobRecord, prefix: str) -> Iterator[Anomaly | Doubt]:
    if not record.stored:
        return
    keys = {event.key for event in record.rows} | {e.key for e in record.transitions}
    if any(key is not None and not key.startswith(prefix) for key in keys):
        yield Doubt(because=f"dirty start: {record.key} is a job of another run")
        return
    yield Anomaly(
        kind="phantom",
        keys=(record.key,),
        events=(*record.transitions, *record.entered, *record.rows),
        because="in the database, in no request",
        cause="unexplained",
        proven="absence",
    )
