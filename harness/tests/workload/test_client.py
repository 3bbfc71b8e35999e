"""The clients against a real little server that answers, errs, stalls and resets."""

import dataclasses
import itertools
import socket
from typing import Any

import pytest

from harness.clock import now, wait_until
from harness.history import AnyEvent, PollEnded, SubmitBegun, SubmitEnded
from harness.tests.workload.stub import Answer, Seen, http, serving
from harness.workload import submission
from harness.workload.client import LaneClient, poll_until_terminal, start, submit_one
from harness.workload.plan import PlannedJob, jobs, one_job, plan


class Ledger:
    """Collects what the clients record."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, AnyEvent]] = []

    def record(self, lane: str, event: AnyEvent) -> None:
        self.lines.append((lane, event))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.lines if isinstance(event, kind)]


def answering(status: int = 201, after_seconds: float = 0) -> Any:
    """Behave like the app: take a submission, and show every job as finished."""
    ids = itertools.count(1)

    def behave(method: str, path: str, body: Any) -> Answer:
        if method == "GET":
            return Answer(text=http(200, {"status": "finished"}))
        text = http(status, {"id": next(ids), "key": body["key"]})
        return Answer(text=text, after_seconds=after_seconds)

    return behave


def one_submission(
    behave: Any, *, deadline_seconds: float = 2
) -> tuple[SubmitEnded, Seen]:
    """Submit one job to a stub and return how that ended."""
    ledger = Ledger()
    with serving(behave) as seen:
        submit_one(
            seen.base_url,
            one_job("k-1"),
            ledger.record,
            lane="outbox",
            purpose="sentinel",
            deadline_seconds=deadline_seconds,
        )
    (begun,) = ledger.of(SubmitBegun)
    (ended,) = ledger.of(SubmitEnded)
    assert (begun.key, begun.nth, begun.purpose) == ("k-1", 1, "sentinel")
    assert (ended.key, ended.nth) == ("k-1", 1)
    assert begun.intended <= begun.time <= ended.time
    return ended, seen


def test_an_accepted_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 201 is ok and names its job; no proxy of the environment is used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    ended, seen = one_submission(answering())
    assert (ended.outcome, ended.status, ended.job) == ("ok", 201, 1)
    ((method, path, headers, body),) = seen.requests
    assert (method, path) == ("POST", "/jobs/")
    assert body == {"type": "power", "argument": 8, "key": "k-1"}
    assert headers["connection"] == "close"


def test_a_server_error() -> None:
    """A 500 is indefinite and keeps its status."""
    ended, _ = one_submission(lambda *_: Answer(text=http(500, b"oops")))
    assert (ended.outcome, ended.status, ended.error) == ("indefinite", 500, "oops")


def test_a_slow_server() -> None:
    """No answer within the deadline is indefinite, and the deadline is kept."""
    begun = now()
    ended, _ = one_submission(answering(after_seconds=3), deadline_seconds=0.3)
    assert ended.outcome == "indefinite"
    assert "TimeoutError" in (ended.error or "")
    assert now() - begun < 2


def test_a_reset() -> None:
    """A reset after the request was sent is indefinite."""
    ended, _ = one_submission(lambda *_: Answer(reset=True))
    assert (ended.outcome, ended.status) == ("indefinite", None)


def test_a_disconnect() -> None:
    """A server that closes without a word leaves it open what it did."""
    ended, _ = one_submission(lambda *_: Answer())
    assert ended.outcome == "indefinite"
    assert "ServerDisconnectedError" in (ended.error or "")


def test_a_cut_body() -> None:
    """A 201 whose body broke off has promised: ok, marked partial."""
    text = http(201, {"id": 1, "key": "k-1"}, cut_bytes=6)
    ended, _ = one_submission(lambda *_: Answer(text=text))
    assert (ended.outcome, ended.partial, ended.job) == ("ok", True, None)


def test_a_refused_port() -> None:
    """Where nothing listens the submission certainly failed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free_port = listener.getsockname()[1]
    ledger = Ledger()
    job = submit_one(
        f"http://127.0.0.1:{free_port}",
        one_job("k-1"),
        ledger.record,
        lane="outbox",
        purpose="warm_up",
    )
    (ended,) = ledger.of(SubmitEnded)
    assert job is None
    assert ended.outcome == "failed"


def test_an_unknown_name() -> None:
    """A name that does not resolve is failed: nothing was sent."""
    ledger = Ledger()
    submit_one(
        "http://no-such-host.invalid:8000",
        one_job("k-1"),
        ledger.record,
        lane="outbox",
        purpose="warm_up",
    )
    assert ledger.of(SubmitEnded)[0].outcome == "failed"


def retrying(key: str = "k-1") -> PlannedJob:
    """Return a job whose client sends its key once more, soon."""
    return dataclasses.replace(one_job(key), retry_after_seconds=0.05)


def test_a_client_retries_with_the_same_key() -> None:
    """After a 500 a retrying client asks again; the submission then counts as ok."""
    answers = iter(
        [Answer(text=http(500, b"")), Answer(text=http(200, {"id": 3, "key": "k-1"}))]
    )
    ledger = Ledger()
    with serving(lambda *_: next(answers)) as seen:
        job = submit_one(
            seen.base_url, retrying(), ledger.record, lane="d", purpose="workload"
        )
    assert job == 3
    assert [event.nth for event in ledger.of(SubmitBegun)] == [1, 2]
    assert [event.outcome for event in ledger.of(SubmitEnded)] == ["indefinite", "ok"]
    assert {event.intended for event in ledger.of(SubmitBegun)} == {
        ledger.of(SubmitBegun)[0].intended
    }


def test_a_refusal_is_not_retried() -> None:
    """A 400 is final: the same request would be refused again."""
    ledger = Ledger()
    with serving(lambda *_: Answer(text=http(400, {}))) as seen:
        submit_one(
            seen.base_url, retrying(), ledger.record, lane="d", purpose="workload"
        )
    assert len(seen.requests) == 1


def test_polling_until_the_job_ends() -> None:
    """Each look is written down, and the last status seen is returned."""
    statuses = iter(["pending", "started", "finished"])
    ledger = Ledger()
    with serving(lambda *_: Answer(text=http(200, {"status": next(statuses)}))) as seen:
        status = poll_until_terminal(
            seen.base_url,
            "k-1",
            5,
            ledger.record,
            lane="d",
            within_seconds=5,
            every_seconds=0.01,
        )
    assert status == "finished"
    assert [poll.seen for poll in ledger.of(PollEnded)] == [
        "pending",
        "started",
        "finished",
    ]
    assert seen.requests[0][1] == "/jobs/5/"
    assert all(poll.begun <= poll.time for poll in ledger.of(PollEnded))


def test_polling_gives_up() -> None:
    """A look that fails is written down with its error; None says none was seen."""
    ledger = Ledger()
    with serving(lambda *_: Answer(text=http(404, {}))) as seen:
        status = poll_until_terminal(
            seen.base_url, "k", 5, ledger.record, lane="d", within_seconds=0.1
        )
    assert status is None
    assert ledger.of(PollEnded)[0].error == "answered 404"


def test_a_slow_server_never_delays_the_stream() -> None:
    """All lanes' submissions leave at their planned moments, answered or not."""
    planned = plan(jobs(per_second=50, for_seconds=1), seed=1, key_prefix="k")
    ledger = Ledger()
    with serving(answering(after_seconds=1.5)) as slow, serving(answering()) as quick:
        running = start(
            {
                "slow": LaneClient(base_url=slow.base_url, plan=planned),
                "quick": LaneClient(base_url=quick.base_url, plan=planned),
            },
            ledger.record,
            deadline_seconds=3,
        )
        assert wait_until(lambda: running.accepted("quick") >= 40, within_seconds=3)
        assert running.accepted("slow") == 0
        assert wait_until(lambda: running.ended, within_seconds=6)
        running.stop()
    assert running.failure is None
    assert (running.accepted("slow"), running.accepted("quick")) == (50, 50)
    late = [event.time - event.intended for event in ledger.of(SubmitBegun)]
    assert len(late) == 100
    assert max(late) < 0.5
    assert {lane for lane, _ in ledger.lines} == {"slow", "quick"}


def test_clients_go_on_until_overtime_is_ended() -> None:
    """A lane whose fault comes late still has work then; the others have their rest."""
    planned = plan(
        jobs(per_second=50, for_seconds=0.2), seed=1, key_prefix="k", overtime_seconds=9
    )
    with serving(answering()) as early, serving(answering()) as late:
        running = start(
            {
                "early": LaneClient(base_url=early.base_url, plan=planned),
                "late": LaneClient(base_url=late.base_url, plan=planned),
            },
            Ledger().record,
            overtime=True,
        )
        running.end_overtime("early")
        assert wait_until(lambda: running.accepted("late") > 20, within_seconds=5)
        assert running.accepted("early") == 10
        assert not running.ended
        running.end_overtime("late")
        assert wait_until(lambda: running.ended, within_seconds=2)
        running.stop()
    assert running.accepted("early") == 10
    assert 20 < running.accepted("late") < 450


def test_polling_is_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seeded share looks at its job, some again after its end; under one a job."""
    monkeypatch.setattr(submission, "POLLS_AFTER_SECONDS", (0.01, 0.02))
    monkeypatch.setattr(submission, "LOOKS_AGAIN_AFTER_SECONDS", (0.01, 0.02))
    planned = plan(jobs(per_second=100, for_seconds=1), seed=2, key_prefix="k")
    ledger = Ledger()
    with serving(answering()) as seen:
        running = start(
            {"d": LaneClient(base_url=seen.base_url, plan=planned)}, ledger.record
        )
        expected = sum(1 + 2 * job.looks_again for job in planned if job.polls)
        assert wait_until(
            lambda: len(ledger.of(PollEnded)) == expected, within_seconds=5
        )
        running.stop()
    assert 40 < expected < 100


def test_stopping_cancels_what_is_left() -> None:
    """Requests under way end as indefinite with their key; others never begin."""
    planned = plan(jobs(per_second=20, for_seconds=30), seed=1, key_prefix="k")
    ledger = Ledger()
    with serving(answering(after_seconds=60)) as seen:
        running = start(
            {"d": LaneClient(base_url=seen.base_url, plan=planned)}, ledger.record
        )
        wait_until(lambda: len(ledger.of(SubmitBegun)) >= 3, within_seconds=3)
        running.stop()
    ended = ledger.of(SubmitEnded)
    assert 3 <= len(ended) == len(ledger.of(SubmitBegun)) < 600
    assert {(event.outcome, event.error) for event in ended} == {
        ("indefinite", "cancelled by the harness")
    }
    assert running.failure is None
    running.stop()


def test_stopping_at_once() -> None:
    """A stop that comes before the loop has begun is not lost."""
    planned = plan(jobs(for_seconds=60), seed=1, key_prefix="k")
    begun = now()
    running = start(
        {"d": LaneClient(base_url="http://127.0.0.1:9", plan=planned)}, Ledger().record
    )
    running.stop()
    assert now() - begun < 5


def test_a_crash_of_the_clients_is_shown() -> None:
    """When the ledger cannot be written, that error surfaces and sending stops."""

    def full_disk(lane: str, event: AnyEvent) -> None:
        raise OSError("no space left on device")

    planned = plan(jobs(for_seconds=60), seed=1, key_prefix="k")
    running = start(
        {"d": LaneClient(base_url="http://127.0.0.1:9", plan=planned)}, full_disk
    )
    assert wait_until(lambda: running.failure, within_seconds=3)
    assert "no space left" in str(running.failure)
    running.stop()
