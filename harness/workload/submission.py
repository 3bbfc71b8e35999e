"""One client: it submits its job, perhaps once more, and looks at it now and then.

It exists apart from `client.py` so that what one client does can be read without
the loop that runs hundreds of them. Each request has a connection of its own,
because a kept one races with gunicorn's keep-alive and would show disconnects that
no fault made. `HTTP_PROXY` is not looked at.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp

from harness.clock import now
from harness.history import AnyEvent, PollEnded, SubmitBegun, SubmitEnded
from harness.workload import outcome
from harness.workload.outcome import Judged
from harness.workload.plan import PlannedJob, Purpose

Record = Callable[[str, AnyEvent], None]

# Seconds from the acceptance to each look at the job. With
# half of the clients looking, and most jobs ended by the first look, this is well
# below one poll per job, and bounded for a job that never ends.
POLLS_AFTER_SECONDS = (0.5, 2.0, 5.0, 9.0, 14.0, 20.0)
LOOKS_AGAIN_AFTER_SECONDS = (1.0, 4.0)
TERMINAL = frozenset({"finished", "failed"})


@dataclass(slots=True)
class Progress:
    """What the conductor may ask of one lane, from its own thread.

    While `overtime` is on, clients go on beyond the plan's own end.
    """

    planned: int
    overtime: bool = False
    ended: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """All that the clients of one lane have in common."""

    lane: str
    base_url: str
    session: aiohttp.ClientSession
    record: Record
    purpose: Purpose = "workload"
    progress: Progress = field(default_factory=lambda: Progress(planned=1))

    def write(self, event: AnyEvent) -> None:
        self.record(self.lane, event)


async def balance(lane: Shared) -> None:
    """Ask the web service whether it is ready, once a second, as a load balancer does.

    So every lane's web uses each of its links, also one that its jobs never take. The
    answer is nobody's: a load balancer is no client, and nothing is promised to it.
    """
    while lane.progress.ended < lane.progress.planned:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with lane.session.get(
                f"{lane.base_url}/health/ready/", trace_request_ctx=SimpleNamespace()
            ) as answer:
                await answer.read()
        await until(now() + 1)


async def submission(lane: Shared, job: PlannedJob, intended: float) -> int | None:
    """Submit, and once more where the client is of the kind that retries.

    Return the job's id if an answer named it.
    """
    answers = []
    try:
        answers.append(await _submit(lane, job, intended, nth=1))
        if job.retry_after_seconds is not None and _is_retried(answers[0]):
            await until(now() + job.retry_after_seconds)
            answers.append(await _submit(lane, job, intended, nth=2))
    finally:
        lane.progress.ended += 1
    lane.progress.accepted += outcome.of_submission(answers) == "ok"
    return answers[-1].job


def _is_retried(answer: Judged) -> bool:
    """Real clients retry a 5xx and a time-out, not a refusal of what they sent."""
    return answer.outcome == "indefinite"


async def _submit(
    lane: Shared, job: PlannedJob, intended: float, *, nth: int
) -> Judged:
    lane.write(
        SubmitBegun(
            time=now(),
            key=job.key,
            nth=nth,
            intended=intended,
            purpose=lane.purpose,
            type=job.type,
            argument=job.argument,
            expected=job.expected,
        )
    )
    judged = outcome.cancelled()
    try:
        judged = await _post(lane, job)
    finally:  # also on cancellation, so that no submission stays without an end
        lane.write(
            SubmitEnded(
                time=now(),
                key=job.key,
                nth=nth,
                outcome=judged.outcome,
                status=judged.status,
                job=judged.job,
                error=judged.error,
                partial=judged.partial,
            )
        )
    return judged


async def _post(lane: Shared, job: PlannedJob) -> Judged:
    body = {"type": job.type, "argument": job.argument, "key": job.key}
    link = SimpleNamespace(connected=False)
    try:
        request = lane.session.post(
            f"{lane.base_url}/jobs/", json=body, trace_request_ctx=link
        )
        async with request as answer:
            text = await _text(answer)
            return outcome.of_answer(answer.status, text, key=job.key)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return outcome.of_error(error, connected=link.connected)


async def _text(answer: aiohttp.ClientResponse) -> bytes | None:
    """Return the body, or None where it broke off: the status line stands anyway."""
    try:
        return await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None


async def watch(lane: Shared, job: PlannedJob, accepted: int) -> None:
    """Look at an accepted job until it ends, and afterwards if its client would."""
    begun = now()
    for after_seconds in POLLS_AFTER_SECONDS:
        await until(begun + after_seconds)
        if await poll(lane, job.key, accepted) in TERMINAL:
            break
    else:
        return
    ended = now()
    for after_seconds in LOOKS_AGAIN_AFTER_SECONDS if job.looks_again else ():
        await until(ended + after_seconds)
        await poll(lane, job.key, accepted)


async def poll(lane: Shared, key: str, job: int) -> str | None:
    """Ask for the job's status once, write down the answer, and return it."""
    begun = now()
    seen, error = None, None
    try:
        async with lane.session.get(
            f"{lane.base_url}/jobs/{job}/", trace_request_ctx=SimpleNamespace()
        ) as answer:
            text = await answer.read()
            seen, error = _status(answer.status, text)
    except (aiohttp.ClientError, TimeoutError, OSError) as failure:
        error = outcome.of_error(failure, connected=True).error
    lane.write(
        PollEnded(time=now(), key=key, job=job, begun=begun, seen=seen, error=error)
    )
    return seen


def _status(code: int, text: bytes) -> tuple[str | None, str | None]:
    if code != 200:
        return None, f"answered {code}"
    try:
        return str(json.loads(text)["status"]), None
    except (ValueError, LookupError, TypeError) as error:
        return None, f"an answer without a status: {error}"


def session_with(deadline_seconds: float) -> aiohttp.ClientSession:
    """Return a session that makes one connection a request and follows nothing."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        # Without the threshold, aiohttp rounds deadlines over 5 s up to whole seconds.
        timeout=aiohttp.ClientTimeout(
            total=deadline_seconds, ceil_threshold=float("inf")
        ),
        headers={"Connection": "close", "Accept": "application/json"},
        trace_configs=[_noticing_connections()],
        trust_env=False,
    )


def _noticing_connections() -> aiohttp.TraceConfig:
    """Return the trace that tells a request apart that never had a connection."""

    async def connected(_session: Any, context: Any, _params: Any) -> None:
        context.trace_request_ctx.connected = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    return trace


async def until(moment: float) -> None:
    """Wait for a moment of the plan: an arrival time is no condition to wait for."""
    await asyncio.sleep(max(0, moment - now()))
