"""What each cause means in a sentence, and how sure we are of it.

It exists so that a reader who has never heard of acknowledgements learns from one line
why a job was harmed, and is never told more than the ledgers prove. A cause without a
sentence here is told in the checker's own words.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from harness.report.results import CauseResult
from harness.report.telling import WORDS

Confidence = Literal["proven", "likely", "unexplained"]

UNEXPLAINED = "unexplained"

# Each completes "Job pending for ever because ...". The causes are judging.md's (§5).
CLAUSES: Mapping[str, str] = {
    "never stored": "its client was told that it is there, and no row was ever stored",
    "deleted": "its row was deleted",
    "commit lost": "its row was stored and is gone without a delete",
    "never published": "its message was never handed to the broker",
    "unrouted": "the broker had no queue that would take its message",
    "never confirmed": "its message was sent without waiting for the broker's word, and"
    " never reached a queue",
    "dropped by the broker": "the broker took its message and has lost it",
    "acknowledged too early": "its message was acknowledged before the job had ended:"
    " the broker had nothing left to deliver again",
    "swallowed": "its message was taken from the broker for good before the job ended",
    "dead-lettered": "its message went to the dead letters",
    "result lost": "its body ran, and its end was never written to its row",
    "result gone": "Celery's own result of its task was never kept, or is gone",
    "failed after success": "its task had ended in success, and then Celery met an"
    " error of its own, such as a result that it could not store, and kept that",
    "stuck unacknowledged": "its message may still lie with a worker that has not"
    " acknowledged it",
    "stuck prefetched": "its message may still lie with a worker that fetched it and"
    " never began",
    "stuck in the queue": "its message may still lie in the queue, and nobody takes it",
    "redelivered": "the broker delivered its message again",
    "retried": "its task was tried again",
    "lease": "its attempt was taken for dead, and the job was handed out again",
    "published twice": "its message was published twice",
    "delivered twice": "its message came twice, though it was published once",
    "another job's message": "a message ran it that was published for the job which had"
    " its id before",
    "retried by the client": "its client asked again and was given a second job",
    "published before commit": "its message was published before its row was committed,"
    " and the row was rolled back",
    "late write": "an attempt wrote to it after its time",
    "waited out a fault": "the API waited for what a fault had taken away",
    "held by a worker": "a worker had taken its message and was not done in time",
    "not consumed": "its message waited in a queue for too long",
    "waits for its retry": "it waited for the retry that it had asked for itself",
    "not published": "its message had not been handed to the broker by then",
}

# The broker counts messages and names none: one that is left may be the job's. That
# something happened during a fault does not prove that it came of it.
_LIKELY = frozenset(
    (
        "stuck unacknowledged",
        "stuck prefetched",
        "stuck in the queue",
        "waited out a fault",
    )
)
# Of an ended job that was reopened nobody knows who wrote it.
_LIKELY_OF = frozenset(
    (("terminal_flip", "late write"), ("status_regress", "late write"))
)


def confidence(kind: str, cause: CauseResult) -> Confidence:
    """Say how sure the cause of a harm is; the harm itself is proven."""
    if cause.cause == UNEXPLAINED:
        return "unexplained"
    if cause.cause in _LIKELY or (kind, cause.cause) in _LIKELY_OF:
        return "likely"
    return "proven"


def clause(cause: CauseResult) -> str:
    """Return what completes "because ..."."""
    return CLAUSES.get(cause.cause, cause.because)


def sentence(kind: str, cause: CauseResult) -> str:
    """Say what befell one job, and why."""
    one, _ = WORDS.get(kind, (kind, kind))
    harm = one[:1].upper() + one[1:]
    if cause.cause == UNEXPLAINED:
        return f"{harm}, unexplained: {cause.because}."
    return f"{harm} because {clause(cause)}."


def sentence_of_all(kind: str, alike: Sequence[CauseResult]) -> str:
    """Say what befell all jobs of one kind and cause, and why."""
    count = sum(each.count for each in alike)
    if count == 1:
        return sentence(kind, alike[0]).removesuffix(".")
    _, many = WORDS.get(kind, (kind, kind))
    if alike[0].cause == UNEXPLAINED:
        return f"{count:,} {many}, unexplained"
    return f"{count:,} {many}, each because {clause(alike[0])}"


def how_sure(kind: str, cause: CauseResult) -> str:
    """Say what the confidence rests on."""
    proof = (
        "by the events marked below"
        if cause.proven == "presence"
        else "by absence: every ledger that would show it was read to its end"
    )
    match confidence(kind, cause):
        case "unexplained":
            return f"unexplained: the harm is proven {proof}; its cause is not"
        case "likely":
            return f"likely: the harm is proven {proof}; of its cause there are signs"
        case "proven":
            return f"proven {proof}"
