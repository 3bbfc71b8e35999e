"""What an answer, or the lack of one, says about a submission.

It exists so that the one table that everything else rests on (`judging.md` §2)
stands in one place: ok (the server has promised), failed (it certainly did not
happen), indefinite (it may have). What the table does not name is indefinite, for
not knowing must never be read as knowing.
"""

import json
from dataclasses import dataclass

from harness.history import Outcome

# Failed by status alone. 201, 202, 200 and 409 depend on the body: see `of_answer`.
# A 5xx may have stored the job: 503 would be failed only where the API documents
# that it accepted nothing, and ours does not.
REFUSED = frozenset({400, 401, 403, 404, 413, 415, 422, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One request's outcome. `job` is the id that the answer named, if any.

    `partial` marks a promise whose text could not be read. `error` says in words
    what was wrong with the answer, or why there was none.
    """

    outcome: Outcome
    status: int | None = None
    job: int | None = None
    partial: bool = False
    error: str | None = None


def of_answer(status: int, body: bytes | None, *, key: str) -> Judged:
    """Judge an answer whose status line and headers were received.

    `body` is None where it broke off. An answer is about this very submission when
    it names a job and echoes the key: no client asks again once it knows its job.
    """
    job, echoed, error = _read(body)
    right = job is not None and echoed == key
    if status in (201, 202):
        if right:
            return Judged(outcome="ok", status=status, job=job)
        error = error or f"the answer names key {echoed!r} and job {job!r}"
        return Judged(outcome="ok", status=status, partial=True, error=error)
    if status in (200, 409) and right:
        return Judged(outcome="ok", status=status, job=job)
    if status == 409 and error is None:
        return Judged(outcome="failed", status=status, error="another payload")
    outcome: Outcome = "failed" if status in REFUSED else "indefinite"
    return Judged(outcome=outcome, status=status, error=_start_of(body))


def of_error(error: BaseException, *, connected: bool) -> Judged:
    """Judge a request that got no status line.

    `connected` says whether the connection stood, so that a byte of the request may
    have left. Without it nothing can have happened: the name did not resolve, or
    the connection was refused or not made in time.
    """
    words = str(error) or "no answer within the deadline"
    return Judged(
        outcome="indefinite" if connected else "failed",
        error=f"{type(error).__name__}: {words}",
    )


def cancelled() -> Judged:
    """Judge a request that the harness itself gave up."""
    return Judged(outcome="indefinite", error="cancelled by the harness")


def of_submission(requests: list[Judged]) -> Outcome:
    """Fold all requests for one key: any ok, else any indefinite, else failed."""
    outcomes = {request.outcome for request in requests}
    if "ok" in outcomes:
        return "ok"
    return "indefinite" if "indefinite" in outcomes else "failed"


def _read(body: bytes | None) -> tuple[int | None, object, str | None]:
    """Return the job's id, the echoed key, and what kept us from reading them."""
    if body is None:
        return None, None, "the body broke off"
    try:
        answer = json.loads(body)
    except ValueError as error:
        return None, None, f"the body is not JSON: {error}"
    if not isinstance(answer, dict):
        return None, None, "the body is not a JSON object"
    job = answer.get("id")
    is_id = isinstance(job, int) and not isinstance(job, bool)
    return job if is_id else None, answer.get("key"), None


def _start_of(body: bytes | None) -> str:
    """Return enough of the answer to recognise it in a report."""
    return "the body broke off" if body is None else body[:200].decode(errors="replace")
