"""The clients: they submit the planned jobs over HTTP and write down what they saw.

It exists so that the client ledger tells what users of each design felt. All lanes
share one asyncio loop in one daemon thread; every planned job is a task of its own,
so a server that is slow or silent never holds up the next submission. Each request
has a connection of its own, because a kept one races with gunicorn's keep-alive and
would show disconnects that no fault made. `HTTP_PROXY` is not looked at.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
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

# A publish that a fault holds up is answered with a 500 only after Celery's own
# waits: up to 4 s for a connection and some retries, on top of waiting for the one
# pooled connection. A client that leaves before that would turn a plain 500 into a
# time-out. So the deadline is twice the length of a usual fault.
DEADLINE_SECONDS = 10.0
# Seconds from the acceptance to each look at the job; the last gap repeats. With
# half of the clients looking, and most jobs ended by the first look, this is well
# below one poll per job, and bounded for a job that never ends.
POLLS_AFTER_SECONDS = (0.5, 2.0, 5.0, 9.0, 14.0, 20.0)
LOOKS_AGAIN_AFTER_SECONDS = (1.0, 4.0)
TERMINAL = frozenset({"finished", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneClient:
    """Where one lane's web service listens, and what is asked of it."""

    base_url: str
    plan: tuple[PlannedJob, ...]


@dataclass(slots=True)
class _Progress:
    """What the conductor may ask of one lane, from its own thread."""

    planned: int
    ended: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """All that one lane's tasks share inside the loop."""

    design: str
    base_url: str
    session: aiohttp.ClientSession
    record: Record
    purpose: Purpose = "workload"
    progress: _Progress = field(default_factory=lambda: _Progress(planned=1))

    def write(self, event: AnyEvent) -> None:
        self.record(self.design, event)


class Running:
    """The workload under way. Every method may be called from any thread."""

    def __init__(
        self, lanes: Mapping[str, LaneClient], record: Record, deadline_seconds: float
    ) -> None:
        self._lanes = lanes
        self._record = record
        self._deadline_seconds = deadline_seconds
        self._progress = {
            design: _Progress(planned=len(lane.plan)) for design, lane in lanes.items()
        }
        self._loop = asyncio.new_event_loop()
        self._end: Future[None] = Future()
        self._main: asyncio.Task[None] | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="clients", daemon=True)
        self.started = now()
        self._thread.start()

    def accepted(self, design: str) -> int:
        """Return how many of the lane's submissions were answered ok so far."""
        return self._progress[design].accepted

    @property
    def ended(self) -> bool:
        """Whether every submission has ended; clients may still be polling."""
        return all(p.ended == p.planned for p in self._progress.values())

    @property
    def failure(self) -> BaseException | None:
        """What crashed the clients, else None. Nothing is sent after a crash."""
        return self._end.exception() if self._end.done() else None

    def stop(self) -> None:
        """Cancel what is left, write it down as indefinite, and wait for the end."""
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:
            pass  # the loop is closed: all has ended
        self._thread.join()

    def _cancel(self) -> None:
        self._stopping = True
        if self._main is not None:
            self._main.cancel()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._all_lanes())
        except asyncio.CancelledError:
            self._end.set_result(None)
        except BaseException as crash:  # must reach the conductor, not stderr
            self._end.set_exception(_first(crash))
        else:
            self._end.set_result(None)

    async def _all_lanes(self) -> None:
        self._main = asyncio.current_task()
        if self._stopping:  # before the loop had begun
            return
        async with _session(self._deadline_seconds) as session:
            async with asyncio.TaskGroup() as clients:
                for design, lane in self._lanes.items():
                    shared = _Lane(
                        design=design,
                        base_url=lane.base_url,
                        session=session,
                        record=self._record,
                        progress=self._progress[design],
                    )
                    for job in lane.plan:
                        clients.create_task(self._one_client(shared, job))

    async def _one_client(self, lane: _Lane, job: PlannedJob) -> None:
        due = self.started + job.at_seconds
        await _until(due)
        accepted = await _submission(lane, job, due)
        if accepted is not None and job.polls:
            await _watch(lane, job, accepted)


def start(
    lanes: Mapping[str, LaneClient],
    record: Record,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Running:
    """Begin to carry out every lane's plan, now. `record` is called from one thread.

    `deadline_seconds` bounds each single request, from connecting to its last byte.
    """
    return Running(lanes, record, deadline_seconds)


def submit_one(
    base_url: str,
    job: PlannedJob,
    record: Record,
    *,
    design: str,
    purpose: Purpose,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> int | None:
    """Submit one job now and return its id, or None where it was not accepted.

    For warm-up and sentinel jobs; they are in the ledger like any other. Blocks for
    up to `deadline_seconds` (twice that and a second where the job's client retries).
    """

    async def submit() -> int | None:
        async with _session(deadline_seconds) as session:
            lane = _Lane(
                design=design,
                base_url=base_url,
                session=session,
                record=record,
                purpose=purpose,
            )
            return await _submission(lane, job, now())

    return asyncio.run(submit())


def poll_until_terminal(
    base_url: str,
    key: str,
    job: int,
    record: Record,
    *,
    design: str,
    within_seconds: float,
    every_seconds: float = 0.25,
) -> str | None:
    """Look at a job until it ends; return the last status seen, None if none was."""

    async def watch() -> str | None:
        async with _session(min(within_seconds, DEADLINE_SECONDS)) as session:
            lane = _Lane(
                design=design, base_url=base_url, session=session, record=record
            )
            end = now() + within_seconds
            seen = None
            while seen not in TERMINAL and now() < end:
                seen = await _poll(lane, key, job) or seen
                await _until(now() + every_seconds)
            return seen

    return asyncio.run(watch())


# --- one client ---------------------------------------------------------------


async def _submission(lane: _Lane, job: PlannedJob, intended: float) -> int | None:
    """Submit, and once more where the client is of the kind that retries.

    Return the job's id if an answer named it.
    """
    answers = []
    try:
        answers.append(await _submit(lane, job, intended, nth=1))
        if job.retry_after_seconds is not None and _is_retried(answers[0]):
            await _until(now() + job.retry_after_seconds)
            answers.append(await _submit(lane, job, intended, nth=2))
    finally:
        lane.progress.ended += 1
    lane.progress.accepted += outcome.of_submission(answers) == "ok"
    return answers[-1].job


def _is_retried(answer: Judged) -> bool:
    """Real clients retry a 5xx and a time-out, not a refusal of what they sent."""
    return answer.outcome == "indefinite"


async def _submit(lane: _Lane, job: PlannedJob, intended: float, *, nth: int) -> Judged:
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


async def _post(lane: _Lane, job: PlannedJob) -> Judged:
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


async def _watch(lane: _Lane, job: PlannedJob, accepted: int) -> None:
    """Look at an accepted job until it ends, and afterwards if its client would."""
    begun = now()
    for after_seconds in POLLS_AFTER_SECONDS:
        await _until(begun + after_seconds)
        if await _poll(lane, job.key, accepted) in TERMINAL:
            break
    else:
        return
    ended = now()
    for after_seconds in LOOKS_AGAIN_AFTER_SECONDS if job.looks_again else ():
        await _until(ended + after_seconds)
        await _poll(lane, job.key, accepted)


async def _poll(lane: _Lane, key: str, job: int) -> str | None:
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


# --- the loop -----------------------------------------------------------------


def _session(deadline_seconds: float) -> aiohttp.ClientSession:
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


async def _until(moment: float) -> None:
    """Wait for a moment of the plan: an arrival time is no condition to wait for."""
    await asyncio.sleep(max(0, moment - now()))


def _first(crash: BaseException) -> BaseException:
    """Unpack the group that a TaskGroup raises: its first exception is the cause."""
    while isinstance(crash, BaseExceptionGroup):
        crash = crash.exceptions[0]
    return crash
