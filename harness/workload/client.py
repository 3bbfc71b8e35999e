"""The clients: they submit the planned jobs over HTTP and write down what they saw.

It exists so that the client ledger tells what users of each design felt. All lanes
share one asyncio loop in one daemon thread; every planned job is a task of its own,
so a server that is slow or silent never holds up the next submission. What one
client does stands in `submission.py`.
"""

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from harness.clock import end_if_stopped, now
from harness.workload.plan import PlannedJob, Purpose
from harness.workload.submission import (
    TERMINAL,
    Progress,
    Record,
    Shared,
    balance,
    poll,
    session_with,
    submission,
    until,
    watch,
)

# A publish that a fault holds up is answered with a 500 only after Celery's own
# waits: up to 4 s for a connection and some retries, on top of waiting for the one
# pooled connection. A client that leaves before that would turn a plain 500 into a
# time-out. So the deadline is twice the length of a usual fault.
DEADLINE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneClient:
    """Where one lane's web service listens, and what is asked of it."""

    base_url: str
    plan: tuple[PlannedJob, ...]


class Running:
    """The workload under way. Every method may be called from any thread."""

    def __init__(
        self,
        lanes: Mapping[str, LaneClient],
        record: Record,
        deadline_seconds: float,
        *,
        overtime: bool,
    ) -> None:
        self._lanes = lanes
        self._record = record
        self._deadline_seconds = deadline_seconds
        self._progress = {
            name: Progress(
                planned=sum(1 for job in lane.plan if not job.overtime),
                overtime=overtime,
            )
            for name, lane in lanes.items()
        }
        self._loop = asyncio.new_event_loop()
        self._end: Future[None] = Future()
        self._main: asyncio.Task[None] | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="clients", daemon=True)
        self.started = now()
        self._thread.start()

    def accepted(self, lane: str) -> int:
        """Return how many of the lane's submissions were answered ok so far."""
        return self._progress[lane].accepted

    def end_overtime(self, lane: str) -> None:
        """Let nobody ask the lane for more than the plan's own jobs."""
        self._progress[lane].overtime = False

    @property
    def ended(self) -> bool:
        """Whether every submission has ended; clients may still be polling."""
        return all(
            not p.overtime and p.ended == p.planned for p in self._progress.values()
        )

    @property
    def failure(self) -> BaseException | None:
        """What crashed the clients, else None. Nothing is sent after a crash."""
        return self._end.exception() if self._end.done() else None

    def stop(self) -> None:
        """Cancel what is left, write it down as indefinite, and wait for the end."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: all has ended
            self._loop.call_soon_threadsafe(self._cancel)
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
        except BaseException as crash:  # noqa: BLE001 - the conductor must hear of it
            self._end.set_exception(_first(crash))
        else:
            self._end.set_result(None)

    async def _all_lanes(self) -> None:
        self._main = asyncio.current_task()
        if self._stopping:  # before the loop had begun
            return
        async with (
            session_with(self._deadline_seconds) as session,
            asyncio.TaskGroup() as clients,
        ):
            for name, lane in self._lanes.items():
                shared = Shared(
                    lane=name,
                    base_url=lane.base_url,
                    session=session,
                    record=self._record,
                    progress=self._progress[name],
                )
                clients.create_task(balance(shared))
                for job in lane.plan:
                    clients.create_task(self._one_client(shared, job))

    async def _one_client(self, lane: Shared, job: PlannedJob) -> None:
        due = self.started + job.at_seconds
        await until(due)
        if job.overtime:
            if not lane.progress.overtime:
                return
            lane.progress.planned += 1
        accepted = await submission(lane, job, due)
        if accepted is not None and job.polls:
            await watch(lane, job, accepted)


def start(
    lanes: Mapping[str, LaneClient],
    record: Record,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    overtime: bool = False,
) -> Running:
    """Begin to carry out every lane's plan, now. `record` is called from one thread.

    `deadline_seconds` bounds each single request, from connecting to its last byte.
    `overtime` has each lane's clients go on until it is ended, or the plan is.
    """
    return Running(lanes, record, deadline_seconds, overtime=overtime)


def submit_one(
    base_url: str,
    job: PlannedJob,
    record: Record,
    *,
    lane: str,
    purpose: Purpose,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> int | None:
    """Submit one job now and return its id, or None where it was not accepted.

    For warm-up and sentinel jobs; they are in the ledger like any other. Blocks for
    up to `deadline_seconds` (twice that and a second where the job's client retries).
    """

    async def submit() -> int | None:
        async with session_with(deadline_seconds) as session:
            shared = Shared(
                lane=lane,
                base_url=base_url,
                session=session,
                record=record,
                purpose=purpose,
            )
            return await submission(shared, job, now())

    return asyncio.run(submit())


def poll_until_terminal(
    base_url: str,
    key: str,
    job: int,
    record: Record,
    *,
    lane: str,
    within_seconds: float,
    every_seconds: float = 0.25,
) -> str | None:
    """Look at a job until it ends; return the last status seen, None if none was."""

    async def watch() -> str | None:
        async with session_with(min(within_seconds, DEADLINE_SECONDS)) as session:
            shared = Shared(
                lane=lane, base_url=base_url, session=session, record=record
            )
            end = now() + within_seconds
            seen = None
            while seen not in TERMINAL and now() < end:
                end_if_stopped()
                seen = await poll(shared, key, job) or seen
                await until(now() + every_seconds)
            return seen

    return asyncio.run(watch())


def _first(crash: BaseException) -> BaseException:
    """Unpack the group that a TaskGroup raises: its first exception is the cause."""
    while isinstance(crash, BaseExceptionGroup):
        crash = crash.exceptions[0]
    return crash
