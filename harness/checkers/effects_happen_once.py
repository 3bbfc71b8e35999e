"""Each submission key has at most one effect and at most one job.

It exists because a message may come twice and a client may ask twice; the consequence
in the outside world may not (`judging.md` §5: duplicate_effect, duplicate_job).
"""

from collections.abc import Iterator

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
            cause, how = _repeated(record)
            yield Anomaly(
                kind="duplicate_effect",
                keys=(record.key,),
                events=(*record.entered, *record.left, *record.effects),
                because=f"{len(record.effects)} effects, {how}",
                cause=cause,
                proven="presence",
            )
        if len(record.rows) > 1:
            again = len(record.begun) > 1
            yield Anomaly(
                kind="duplicate_job",
                keys=(record.key,),
                events=(*record.begun, *record.ended, *record.rows),
                because=f"{len(record.rows)} rows, "
                + ("the client retried" if again else "the client asked once"),
                cause="retried by the client" if again else "unexplained",
                proven="presence",
            )


def _repeated(record: JobRecord) -> tuple[str, str]:
    """Say what made the job happen again, by what the ledgers hold of it."""
    if len({effect.job for effect in record.effects}) > 1:
        return "two jobs", "each of several jobs for the key had one"
    if record.runs < 2:
        return "unexplained", "in one attempt"
    if any(delivery.redelivered for delivery in record.deliveries):
        return "redelivered", "the message was delivered again"
    if sum(1 for event in record.publishes_ended if event.error is None) > 1:
        return "published twice", "the message was published more than once"
    if any(event.state == "RETRY" for event in record.tasks_ended):
        return "retried", "the task was retried"
    return "unexplained", "more than one attempt"
