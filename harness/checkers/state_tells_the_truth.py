"""What a job's row says at the end is what happened.

It exists because a client acts on the status and the result: a job that says finished
and had no effect is worse than one that says nothing (`judging.md` §5: false_success,
silent_failure, unexpected_failure, wrong_result). And because there are several places
to ask: the row, the API, and Celery's result backend (split_brain).
"""

from collections.abc import Iterator, Sequence

from harness.checkers.explained import why_repeated
from harness.fates import Account
from harness.history import AnyEvent, ApiSeen, ResultSeen, Row
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
    "split_brain": (
        "job of which two places say different things",
        "jobs of which two places say different things",
    ),
}

# A job that changed so shortly before the API was asked is in no one state: the two
# clocks agree to milliseconds, and a settled lane changes nothing.
JUST_CHANGED_SECONDS = 1.0


def check(account: Account) -> Iterator[Anomaly]:
    """Compare each ended row with its effects and with what the client expected."""
    for record in account.jobs:
        for each in record.each_job():
            for row in each.rows:
                yield from _row(each, row, account)
                yield from _split(each, row)
                yield from _missing(each, row, account)


def _row(record: JobRecord, row: Row, account: Account) -> Iterator[Anomaly]:
    expected = record.begun[0].expected if record.begun else None
    if row.status == "finished":
        if not record.effects:
            ran = "it ran" if record.runs else "it never ran"
            how = f"finished, and no effect: {ran}"
            yield _lie(record, "false_success", how, "absence")
        if expected and expected.result is not None and row.result != expected.result:
            how = f"result {row.result}, {expected.result} was expected"
            yield _lie(record, "wrong_result", how)
    elif row.status == "failed":
        if record.effects:
            cause, why = _why_failed(record, account)
            how = f"failed, and its effect is there: {why}"
            yield _lie(record, "silent_failure", how, cause=cause)
        if expected and expected.status == "finished" and not _excused(record, account):
            how = "failed without an error under a fault or a dead letter"
            yield _lie(record, "unexpected_failure", how, "absence")


def _split(record: JobRecord, row: Row) -> Iterator[Anomaly]:
    """Compare the row with what the API shows and what the result backend holds.

    A number that a task returned is taken for its job's result; one that returned
    none says only that it ended. One that failed may have been followed by another: it
    tells of the job only if it is the last that entered its body.
    """
    for seen in record.api_seen:
        if (seen.status, seen.result) != (row.status, row.result):
            changed = max((each.time for each in record.transitions), default=0.0)
            if changed < seen.time - JUST_CHANGED_SECONDS:
                yield _disagreement(record, row, "API", seen.status, seen)
    for held in record.results_seen:
        kept = held.state == "SUCCESS" and held.result is not None
        if kept and ("finished", held.result) != (row.status, row.result):
            yield _disagreement(record, row, "result backend", held.state, held)
    states = {held.task: held.state for held in record.results_seen}
    last = max(record.entered, key=lambda each: each.time, default=None)
    is_of_it = last is None or last.task in states
    if is_of_it and set(states.values()) == {"FAILURE"} and row.status == "finished":
        yield _kept_failure(record)


def _kept_failure(record: JobRecord) -> Anomaly:
    """Tell of a finished job whose every result is a failure.

    Where storing a success is an error, Celery takes that for the task's own
    (`trace_task`, `_signal_internal_error`): it ended in SUCCESS, and has failed.
    """
    held = {each.task: each for each in record.results_seen}
    ends = [
        each
        for each in record.tasks_ended
        if each.state == "SUCCESS" and each.task in held
    ]
    how, cause = "the row says finished, the result backend FAILURE", "unexplained"
    if ends:
        how, cause = f"{how}: its task had ended in SUCCESS", "failed after success"
    also: list[AnyEvent] = [*ends, *held.values()]
    return _lie(record, "split_brain", how, cause=cause, also=also)


def _missing(record: JobRecord, row: Row, account: Account) -> Iterator[Anomaly]:
    """Find a job that has ended and whose result should be there, and is not.

    For Celery a task that it knows nothing of is pending: who waits for it waits for
    ever. Where no result at all is there, somebody may have taken them.
    """
    ends = [each for each in record.tasks_ended if each.state == "SUCCESS"]
    if not account.keeps_results or record.results_seen or row.status != "finished":
        return
    if ends and all(each.keeps_result for each in ends):
        how = "the row says finished, the result backend knows nothing of its task"
        yield _lie(record, "split_brain", how, "absence", "result gone", also=ends)


def _disagreement(
    record: JobRecord, row: Row, place: str, state: str, seen: ApiSeen | ResultSeen
) -> Anomaly:
    said, also = (
        word if result is None else f"{word} with result {result}"
        for word, result in ((row.status, row.result), (state, seen.result))
    )
    how = f"the row says {said}, the {place} {also}"
    return _lie(record, "split_brain", how, also=(seen,))


def _lie(
    record: JobRecord,
    kind: str,
    because: str,
    proven: Proof = "presence",
    cause: str = "unexplained",
    *,
    also: Sequence[AnyEvent] = (),
) -> Anomaly:
    return Anomaly(
        kind=kind,
        keys=(record.key,),
        events=(
            *record.left,
            *record.transitions,
            *record.effects,
            *record.rows,
            *also,
        ),
        because=because,
        cause=cause,
        proven=proven,
    )


def _why_failed(record: JobRecord, account: Account) -> tuple[str, str]:
    """Say what failed a job that had its effect: who came after, or what got lost."""
    if record.went_to_dead_letters:
        return "dead-lettered", "by way of the dead letters"
    if len(record.entered) > 1:
        again = why_repeated(record, account)
        return again.cause, again.how
    if any(left.outcome == "returned" for left in record.left):
        return "result lost", "its body returned"
    return "unexplained", "nothing returned"


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
