"""The attempts ledger: what the probe wrote inside a lane's containers.

It exists because only the process that runs a job's body knows that it was entered.
Each lane has one file, on a mount that no fault touches; a cell's share of it begins
where the file ended when the cell began.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.errors import StackLost
from harness.history import (
    AnyEvent,
    AttemptEntered,
    Delivered,
    PublishBegun,
    PublishEnded,
    TaskEnded,
)

_decoder = msgspec.json.Decoder(AnyEvent)


class AttemptLog:
    """Follows one lane's probe file from where it stood when this was made.

    Safe to use from many threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size
        self._lock = threading.Lock()
        self._events: list[AnyEvent] = []
        self._open: dict[_Place, AnyEvent] = {}
        self._entered = 0

    def read(self) -> list[AnyEvent]:
        """Return all events so far. Raises StackLost on a line that is none."""
        with self._lock:
            self._follow()
            return list(self._events)

    def started(self) -> int:
        """Return how many attempts were entered so far."""
        with self._lock:
            self._follow()
            return self._entered

    def under_way(self, is_running: Callable[[str, int], bool]) -> int:
        """Count publishes and tasks begun, not ended, in processes that still run.

        `is_running` is asked with container and process id: a killed process never
        writes an end.
        """
        with self._lock:
            self._follow()
            begun = list(self._open)
        return sum(is_running(place.container, place.process) for place in begun)

    def _follow(self) -> None:
        """Take in all whole lines written since the last time."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                self._take(_decoder.decode(line))
            except msgspec.DecodeError as error:
                raise StackLost(
                    f"the probe wrote a line that is no event ({error}): {line!r}"
                ) from error

    def _take(self, event: AnyEvent) -> None:
        self._events.append(event)
        match event:
            case PublishBegun() | Delivered():
                self._open[_place(event)] = event
            case PublishEnded() | TaskEnded():
                self._open.pop(_place(event), None)
            case AttemptEntered():
                self._entered += 1
            case _:
                pass


class _Place(NamedTuple):
    """Where something is under way."""

    what: str
    container: str
    process: int
    task: str


def _place(event: PublishBegun | PublishEnded | Delivered | TaskEnded) -> _Place:
    what = "publish" if isinstance(event, PublishBegun | PublishEnded) else "task"
    return _Place(what, event.container, event.process, event.task)
