"""When a fault begins: at a condition that the lane reaches, not at a second.

They exist because seconds differ from machine to machine and from run to run, while
"after forty accepted jobs" is the same moment of the story everywhere. Conditions
count per lane.
"""

from dataclasses import dataclass
from typing import Protocol


class Counts(Protocol):
    """What a lane has done so far in this scenario."""

    def accepted(self) -> int:
        """Return how many submissions were answered ok."""
        ...

    def started(self) -> int:
        """Return how many attempts were entered."""
        ...

    def longest_run_seconds(self) -> float:
        """Return how long the oldest attempt that runs has been running."""
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

    @property
    def sentence(self) -> str:
        return f"an attempt had run for {self.seconds:g} s"

    def is_met(self, counts: Counts) -> bool:
        return counts.longest_run_seconds() >= self.seconds


def accepted(count: int) -> Condition:
    """Return the condition that the lane's API has accepted `count` jobs."""
    return _Accepted(_positive("accepted", count))


def started(count: int) -> Condition:
    """Return the condition that `count` attempts were entered in the lane."""
    return _Started(_positive("started", count))


def running_for(seconds: float) -> Condition:
    """Return the condition that some attempt has run for so long, and runs still."""
    if seconds <= 0:
        raise ValueError(f"running_for({seconds}): the time must be above 0")
    return _RunningFor(seconds)


def _positive(name: str, count: int) -> int:
    if count < 1:
        raise ValueError(f"{name}({count}): the count must be 1 or more")
    return count
