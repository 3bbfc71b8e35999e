"""The outcome table of judging.md §2, row by row."""

import json

import pytest

from harness.history import Outcome
from harness.workload.outcome import (
    Judged,
    cancelled,
    of_answer,
    of_error,
    of_submission,
)

MINE = json.dumps({"id": 4, "key": "k-1", "status": "pending"}).encode()
ANOTHERS = json.dumps({"id": 4, "key": "k-2", "status": "pending"}).encode()
PLAIN = b'{"detail": "no"}'


@pytest.mark.parametrize("status", [200, 201, 202, 409])
def test_the_same_key_with_a_job_is_ok(status: int) -> None:
    """An answer that names a job and echoes the key has promised."""
    judged = of_answer(status, MINE, key="k-1")
    assert judged == Judged(outcome="ok", status=status, job=4)


@pytest.mark.parametrize("status", [201, 202])
@pytest.mark.parametrize(
    "body",
    [None, b"", MINE[:-5], b"\xff\xfe", b"[4]", PLAIN, ANOTHERS, b'{"id": true}'],
)
def test_a_created_that_cannot_be_read_is_ok_and_partial(
    status: int, body: bytes | None
) -> None:
    """The status line has promised, whatever became of the body."""
    judged = of_answer(status, body, key="k-1")
    assert (judged.outcome, judged.partial, judged.job) == ("ok", True, None)
    assert judged.error


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 422, 429])
@pytest.mark.parametrize("body", [PLAIN, None, b"<html>"])
def test_a_refusal_is_failed(status: int, body: bytes | None) -> None:
    """A 4xx of the table certainly did not happen, also when its body broke off."""
    assert of_answer(status, body, key="k-1").outcome == "failed"


@pytest.mark.parametrize("body", [PLAIN, ANOTHERS])
def test_a_conflict_with_another_payload_is_failed(body: bytes) -> None:
    """A 409 that is not about this very job refuses the submission."""
    assert of_answer(409, body, key="k-1").outcome == "failed"


@pytest.mark.parametrize("status", [200, 409])
@pytest.mark.parametrize("body", [None, MINE[:-5]])
def test_same_or_other_that_cannot_be_read_is_indefinite(
    status: int, body: bytes | None
) -> None:
    """Without the body nobody knows whether the job is the same."""
    assert of_answer(status, body, key="k-1").outcome == "indefinite"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_indefinite(status: int) -> None:
    """A 5xx may have stored the job."""
    judged = of_answer(status, b"<h1>Server Error</h1>", key="k-1")
    assert (judged.outcome, judged.status) == ("indefinite", status)
    assert judged.error == "<h1>Server Error</h1>"


@pytest.mark.parametrize("status", [204, 302, 408, 418, 507])
def test_what_the_table_does_not_name_is_indefinite(status: int) -> None:
    """Not knowing is never read as knowing."""
    assert of_answer(status, PLAIN, key="k-1").outcome == "indefinite"


@pytest.mark.parametrize(
    ("connected", "outcome"), [(False, "failed"), (True, "indefinite")]
)
def test_an_error_counts_by_whether_the_connection_stood(
    connected: bool, outcome: Outcome
) -> None:
    """Before a connection nothing can have happened; after it anything may have."""
    judged = of_error(TimeoutError(), connected=connected)
    assert judged.outcome == outcome
    assert judged.error == "TimeoutError: no answer within the deadline"


def test_what_the_harness_cancels_is_indefinite() -> None:
    """The server may have acted on a request that the harness gave up."""
    assert cancelled().outcome == "indefinite"


@pytest.mark.parametrize(
    ("requests", "outcome"),
    [
        (("indefinite", "ok"), "ok"),
        (("failed", "ok"), "ok"),
        (("indefinite", "failed"), "indefinite"),
        (("failed", "failed"), "failed"),
        (("indefinite",), "indefinite"),
    ],
)
def test_a_retried_key_is_one_submission(
    requests: tuple[Outcome, ...], outcome: Outcome
) -> None:
    """Any ok gives ok; else any indefinite gives indefinite; else failed."""
    assert of_submission([Judged(outcome=each) for each in requests]) == outcome
