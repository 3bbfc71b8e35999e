"""What a job's row says at the end is what happened.

It exists because a client acts on the status and the result: a job that says finished
and had no effect is worse than one that says nothing (`judging.md` §5: false_success,
silent_failure, unexpected_failure, wrong_result; split_brain needs the API's own view
and the result backend's at the end).
"""

from collections.abc import Iterator

from harness.fates import Account
from harness.history import Row
from harness.records import JobRecord
from harness.verdict import Anomaly, Proof

GUARANTEE = "state_tells_the_truth"
GROUP = "job state consistency"
SENTENCE = "A job's status and result at the end are what happened."
KINDS = {
    "false_success": ("finished job without effect", "finished jobs without effect"),
    "silent_failure": ("failed job with an effect", "failed jobs with an effect"),
    "unexpected_failure": (
        "job failed that had no reason to",
        "jobs failed that had no reason to",
    ),
    "wrong_result": ("job with a wrong result", "jobs with wrong results"),
}


def check(account: Account) -> Iterator[Anomaly]:
    """Compare each ended row with its effects and with what the client expected."""
    for record in account.jobs:
        for each in record.each_job():
            for row in each.rows:
                yield from _row(each, row, account)


def _row(record: JobRecord, row: Row, account: Account) -> Iterator[Anomaly]:
    expected = record.begun[0].expected if record.begun else None
    if row.status == "finished":
        if not record.effects:
            yield _lie(record, "false_success", "finished, and no effect", "absence")
        if expected and expected.result is not None and row.result != expected.result:
            how = f"result {row.result}, {expected.result} was expected"
            yield _lie(record, "wrong_result", how, "presence")
    elif row.status == "failed":
        if record.effects:
            yield _lie(record, "silent_failure", "failed, and its effect is there")
        if expected and expected.status == "finished" and not _excused(record, account):
            how = "failed without an error under a fault or a dead letter"
            yield _lie(record, "unexpected_failure", how, "absence")


def _lie(
    record: JobRecord, kind: str, because: str, proven: Proof = "presence"
) -> Anomaly:
    return Anomaly(
        kind=kind,
        keys=(record.key,),
        events=(*record.left, *record.transitions, *record.effects, *record.rows),
        because=because,
        cause="unexplained",
        proven=proven,
    )


def _excused(record: JobRecord, account: Account) -> bool:
    """Say whether an error under a fault, a death or a dead letter explains a failure.

    An attempt that was never left has died; who found the job so may fail it.
    """
    attempts = record.attempts()
    under_fault = any(
        attempt.left is not None
        and attempt.left.outcome == "raised"
        and fault.lies_over(attempt.entered.time, attempt.left.time)
        for attempt in attempts
        for fault in account.faults
    )
    died = any(attempt.left is None for attempt in attempts)
    return under_fault or died or record.went_to_dead_letters
