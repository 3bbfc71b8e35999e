"""A cell while it is being conducted: one scenario in one lane.

It exists so that each step of the conductor needs one argument, and so that a lane
that fails takes no other with it.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.clock import now
from harness.designs import Design
from harness.errors import EvidenceNotWritten, HarnessError
from harness.history import HarnessFailed, Phase
from harness.recorder import Recorder
from harness.stack.lane import Lane

Tell = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Cell:
    """One design's lane with the history that it is writing.

    It is also what a fault's condition counts (`conditions.Counts`). `accepted_now`
    is replaced once clients are under way.
    """

    design: Design
    lane: Lane
    recorder: Recorder
    key_prefix: str
    session_folder: Path
    tell: Tell
    failure: HarnessError | None = None
    accepted_now: Callable[[str], int] = field(default=lambda _: 0)

    def accepted(self) -> int:
        """Return how many submissions were answered ok so far."""
        return self.accepted_now(self.design.name)

    def started(self) -> int:
        """Return how many attempts were entered so far."""
        return self.lane.attempts.started()

    def longest_run_seconds(self) -> float:
        """Return how long the oldest attempt that runs has been running."""
        running = self.lane.attempts.running()
        return max((now() - attempt.time for attempt in running), default=0.0)

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
        except HarnessError as error:
            self.failure = error
            self.tell(f"{self.design.name}: {error}")
            self.recorder.record(HarnessFailed(time=now(), because=str(error)))
