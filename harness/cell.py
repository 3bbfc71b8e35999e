"""A cell while it is being conducted: one scenario in one lane.

It exists so that each step of the conductor needs one argument, and so that a lane
that fails takes no other with it.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import redis

from harness.clock import Stopped, now
from harness.conditions import At, Condition
from harness.designs import Design
from harness.errors import EvidenceNotWritten, HarnessError, StackLost
from harness.history import BreakpointReached, HarnessFailed, Phase, QueueSeen
from harness.recorder import Recorder
from harness.stack.engine import FAILURES
from harness.stack.lane import Lane
from harness.stack.queues import job_queues

Tell = Callable[[str], None]

# What is raised where the engine or a service is gone that we thought was there.
LOST = (*FAILURES, psycopg2.Error, redis.RedisError)


@dataclass(slots=True, kw_only=True)
class Cell:
    """A design's lane with the history that it is writing.

    It is also what a fault's condition counts (`conditions.Counts`). `accepted_now`
    is replaced once clients are under way. `felt` is since when each fault is felt that
    is on. `queues` is the last look at the broker's.
    """

    design: Design
    lane: Lane
    recorder: Recorder
    key_prefix: str
    session_folder: Path
    tell: Tell
    failure: HarnessError | None = None
    accepted_now: Callable[[str], int] = field(default=lambda _: 0)
    # The faults that are healed, or never were on.
    faults_over: list[str] = field(default_factory=list)
    felt: dict[str, float] = field(default_factory=dict)
    queues: list[QueueSeen] = field(default_factory=list)
    _in_hand: dict[str, frozenset[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accepted(self) -> int:
        """Return how many submissions were answered ok so far."""
        return self.accepted_now(self.lane.name)

    def started(self) -> int:
        """Return how many attempts were entered so far."""
        return self.lane.attempts.started()

    def running_seconds(self) -> list[float]:
        """Return how long each attempt that runs has been running."""
        return [now() - attempt.time for attempt in self.lane.attempts.running()]

    def biting_seconds(self) -> list[float]:
        """Return how long each fault that is on has been felt."""
        return [now() - since for since in list(self.felt.values())]

    def waiting(self) -> int:
        """Return how many messages wait in the job queues; 0 if the broker is away."""
        try:
            return sum(queue.ready for queue in job_queues(self.lane))
        except StackLost:
            return 0

    def look_at_queues(self, *, final: bool = False) -> list[QueueSeen]:
        """Return what the broker's queues hold, and what was there. Raises StackLost.

        Each look knows what the one before has seen.
        """
        broker, vhost = self.lane.broker, self.lane.id
        self.queues = broker.queues(vhost, final=final, before=self.queues)
        return self.queues

    def take(self, fault: str, things: frozenset[str]) -> bool:
        """Let a fault have what it will put back, unless another one has some of it."""
        with self._lock:
            if not self.is_free(things):
                return False
            self._in_hand[fault] = things
            return True

    def is_free(self, things: frozenset[str]) -> bool:
        """Say whether no fault that is under way will put back any of these."""
        return not any(its & things for its in list(self._in_hand.values()))

    @contextlib.contextmanager
    def giving_back(self, fault: str) -> Iterator[None]:
        """Let others have what the fault took in the block, once that is over."""
        try:
            yield
        finally:
            self._in_hand.pop(fault, None)

    def is_held(self, breakpoint: At) -> bool:
        """Say whether a living process waits at the breakpoint."""
        held = self._held_at(breakpoint)
        return held is not None and self.lane.is_running(
            held.container, held.process, since=held.time
        )

    def got_away(self, when: Condition) -> bool:
        """Say whether nobody waits, nor died, at the breakpoint that the condition is.

        Of any other condition it is not to be said.
        """
        return isinstance(when, At) and self._held_at(when) is None

    def _held_at(self, its: At) -> BreakpointReached | None:
        return self.lane.attempts.held_at(its.point, its.nth, its.roles)

    def arm(self, when: Condition) -> None:
        """Arm the breakpoint that the condition is, if it is one."""
        if isinstance(when, At):
            self.lane.breakpoints.arm(when.point, when.nth, when.roles)

    def let_go(self, when: Condition) -> None:
        """Let go the breakpoint that the condition is, if it is one."""
        if isinstance(when, At):
            self.lane.breakpoints.let_go(when.point, when.nth, when.roles)

    def begin(self, phase: str) -> None:
        """Write down that a phase began."""
        self.recorder.record(Phase(time=now(), name=phase))

    @contextlib.contextmanager
    def failing_alone(self) -> Iterator[None]:
        """Turn a failure of the harness into this cell having no verdict.

        Evidence that cannot be written is everybody's failure and goes on up.
        """
        try:
            yield
        except EvidenceNotWritten:
            raise
        except Stopped:
            self._fail(HarnessError("the run was ended before this scenario was over"))
        except HarnessError as error:
            self._fail(error)
        except LOST as error:
            self._fail(StackLost(f"a part of the stack does not answer: {error}"))

    def _fail(self, error: HarnessError) -> None:
        self.failure = error
        self.recorder.record(HarnessFailed(time=now(), because=str(error)))
