"""What every fault is: the shape that the conductor knows, and nothing of its kind.

It exists so that a new kind of fault is one new file.
"""

from typing import Protocol

from harness.conditions import Condition
from harness.history import Reading
from harness.stack.lane import Lane
from harness.stack.open_faults import Undo


class Fault(Protocol):
    """One bad thing with a start and an end, on one lane at a time.

    `confirm` and `verify` return what their probes felt once the fault bites, or is
    gone, and None as long as it does not, or is not.
    """

    @property
    def when(self) -> Condition: ...

    @property
    def for_seconds(self) -> float: ...

    @property
    def type(self) -> str:
        """Name the kind, such as "refuse"."""
        ...

    @property
    def target(self) -> str:
        """Name what it hits, such as "web → rabbitmq"."""
        ...

    @property
    def sentence(self) -> str:
        """Say in one sentence what it does, for a reader of the report."""
        ...

    def find_used(self, lane: Lane) -> frozenset[str]:
        """Name the links or processes hit that the lane itself has in use, before."""
        ...

    def undo(self, lane: Lane) -> Undo:
        """Return how anybody can undo it, for the record of open faults."""
        ...

    def inject(self, lane: Lane) -> None: ...

    def confirm(self, lane: Lane) -> tuple[Reading, ...] | None: ...

    def heal(self, lane: Lane) -> str:
        """End it; return the step of the escalation ladder that it took."""
        ...

    def verify(self, lane: Lane) -> tuple[Reading, ...] | None: ...
