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


def accepted(count: int) -> Condition:
    """Return the condition that the lane's API has accepted `count` jobs."""
    return _Accepted(_positive("accepted", count))


def started(count: int) -> Condition:
    """Return the condition that `count` attempts were entered in the lane."""
    return _Started(_positive("started", count))


def _positive(name: str, count: int) -> int:
    if count < 1:
        raise ValueError(f"{name}({count}): the count must be 1 or more")
    return count
