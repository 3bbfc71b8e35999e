"""When a fault begins: at a condition that the lane reaches, not at a second.

They exist because seconds differ from machine to machine and from run to run, while
"after forty accepted jobs" is the same moment of the story everywhere. Conditions
count per lane.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

# The breakpoints of the probe (harness/probe/celery_probe/breakpoints.py says where
# they lie), and the roles whose processes can come there.
POINTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "publish.before": ("web", "relay", "worker"),
        "publish.after": ("web", "relay", "worker"),
        "commit.before": ("web", "relay", "worker"),
        "task.started": ("worker",),
        "task.returned": ("worker",),
        "ack.before": ("worker",),
    }
)


class Counts(Protocol):
    """What a lane has done so far in this scenario."""

    def accepted(self) -> int:
        """Return how many submissions were answered ok."""
        ...

    def started(self) -> int:
        """Return how many attempts were entered."""
        ...

    def running_seconds(self) -> list[float]:
        """Return how long each attempt that runs has been running."""
        ...

    def biting_seconds(self) -> list[float]:
        """Return how long each fault that is on in the lane has been felt."""
        ...

    def waiting(self) -> int:
        """Return how many messages wait in the lane's job queues."""
        ...

    def is_held(self, breakpoint: "At") -> bool:
        """Say whether a process of the lane waits at the breakpoint."""
        ...


class Condition(Protocol):
    """Something that a lane reaches once; `sentence` completes "when ..."."""

    @property
    def sentence(self) -> str: ...

    def is_met(self, counts: Counts) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Accepted:
    count: int

    @property
    def sentence(self) -> str:
        return f"{self.count} jobs were accepted"

    def is_met(self, counts: Counts) -> bool:
        return counts.accepted() >= self.count


@dataclass(frozen=True, slots=True)
class _Started:
    count: int

    @property
    def sentence(self) -> str:
        return f"{self.count} attempts were started"

    def is_met(self, counts: Counts) -> bool:
        return counts.started() >= self.count


@dataclass(frozen=True, slots=True)
class _RunningFor:
    seconds: float
    attempts: int

    @property
    def sentence(self) -> str:
        who = "an attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return f"{who} had run for {self.seconds:g} s"

    def is_met(self, counts: Counts) -> bool:
        long = [each for each in counts.running_seconds() if each >= self.seconds]
        return len(long) >= self.attempts


@dataclass(frozen=True, slots=True)
class _BitingFor:
    seconds: float

    @property
    def sentence(self) -> str:
        return f"another fault had been on for {self.seconds:g} s"

    def is_met(self, counts: Counts) -> bool:
        return any(each >= self.seconds for each in counts.biting_seconds())


@dataclass(frozen=True, slots=True)
class _Waiting:
    count: int

    @property
    def sentence(self) -> str:
        return f"{self.count} messages waited for a worker"

    def is_met(self, counts: Counts) -> bool:
        return counts.waiting() >= self.count


@dataclass(frozen=True, slots=True)
class At:
    """A breakpoint: the `nth` arrival of `roles` at `point` waits for the fault.

    It must be armed before it counts, and let go when the fault has begun.
    """

    point: str
    nth: int
    roles: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return f"arrival {self.nth} at {self.point} is held there"

    def is_met(self, counts: Counts) -> bool:
        return counts.is_held(self)


def accepted(count: int) -> Condition:
    """Return the condition that the lane's API has accepted `count` jobs."""
    return _Accepted(_positive("accepted", count))


def started(count: int) -> Condition:
    """Return the condition that `count` attempts were entered in the lane."""
    return _Started(_positive("started", count))


def running_for(seconds: float, *, attempts: int = 1) -> Condition:
    """Return the condition that so many attempts have run for so long, and run still.

    With as many as a worker has pool children, a fault finds each of them in the
    middle of a body, and none between its effect and its acknowledgement.
    """
    if seconds <= 0:
        raise ValueError(f"running_for({seconds}): the time must be above 0")
    return _RunningFor(seconds, _positive("running_for: attempts", attempts))


def biting_for(seconds: float) -> Condition:
    """Return the condition that another fault is on and was felt for so long.

    So that one comes in the middle of the other, however fast the machine is.
    """
    if seconds <= 0:
        raise ValueError(f"biting_for({seconds}): the time must be above 0")
    return _BitingFor(seconds)


def waiting(count: int) -> Condition:
    """Return the condition that `count` messages wait in the lane's job queues.

    They do when each pool child is in the middle of a long job.
    """
    return _Waiting(_positive("waiting", count))


def at(point: str, *, nth: int = 1, role: str | None = None) -> At:
    """Return the condition that the lane's `nth` arrival at a breakpoint waits there.

    Arrivals are counted from the start of the workload, over all processes of `role`,
    or of every role that can come there. Raises ValueError for a breakpoint that there
    is not.
    """
    if point not in POINTS:
        raise ValueError(
            f"at({point!r}): there is no such point; choose from {', '.join(POINTS)}"
        )
    if role is not None and role not in POINTS[point]:
        raise ValueError(
            f"at({point!r}, role={role!r}): only {' or '.join(POINTS[point])} comes "
            "there"
        )
    return At(point, _positive("nth", nth), POINTS[point] if role is None else (role,))


def _positive(name: str, count: int) -> int:
    if count < 1:
        raise ValueError(f"{name}({count}): the count must be 1 or more")
    return count
