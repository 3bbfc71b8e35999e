"""The attempts ledger: what the probe wrote inside a lane's containers.

It exists because only the process that runs a job's body knows that it was entered.
Each lane has one file, on a mount that no fault touches; a cell's share of it begins
where the file ended when the cell began.
"""

import threading
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.errors import StackLost
from harness.history import (
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    Delivered,
    PublishBegun,
    PublishEnded,
    TaskEnded,
)

_decoder = msgspec.json.Decoder(AnyEvent)


class AttemptLog:
    """Follows one lane's probe file. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._begin()

    def begin(self) -> None:
        """Forget what was; what is written from now on belongs to a new cell."""
        with self._lock:
            self._begin()

    def _begin(self) -> None:
        self._offset = self._path.stat().st_size
        self._events: list[AnyEvent] = []
        self._open: dict[_Place, PublishBegun | Delivered] = {}
        self._running: dict[_Place, AttemptEntered] = {}
        self._entered = 0
        self._picked: set[int] = set()

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

    def running(self) -> list[AttemptEntered]:
        """Return the attempts entered and not left, oldest first.

        A killed process never writes an end: ask whether it still runs.
        """
        with self._lock:
            self._follow()
            return list(self._running.values())

    def bury(self, container: str, process: int | None = None) -> None:
        """Take note that a process, or all of a container's, is dead by our hand.

        What it had begun will never be ended.
        """
        with self._lock:
            self._follow()
            for table in (self._open, self._running):
                for place in list(table):
                    if place.container == container and process in (
                        None,
                        place.process,
                    ):
                        del table[place]

    def pick(self, attempt: AttemptEntered) -> bool:
        """Claim an attempt's job for one fault; False where another has had it.

        A job that is hit again and again would be another story: a poisonous one.
        """
        with self._lock:
            picked = attempt.job not in self._picked
            self._picked.add(attempt.job)
            return picked

    def under_way(self) -> list[PublishBegun | Delivered]:
        """Return publishes and tasks begun and not ended, oldest first.

        A killed process never writes an end: ask whether it still runs.
        """
        with self._lock:
            self._follow()
            return list(self._open.values())

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
                self._running[_place(event)] = event
            case AttemptLeft():
                self._running.pop(_place(event), None)
            case _:
                pass


_Begun = PublishBegun | Delivered | AttemptEntered
_Ended = PublishEnded | TaskEnded | AttemptLeft


class _Place(NamedTuple):
    """Where something is under way."""

    what: str
    container: str
    process: int
    task: str


def _place(event: _Begun | _Ended) -> _Place:
    what = "publish" if isinstance(event, PublishBegun | PublishEnded) else "task"
    return _Place(what, event.container, event.process, event.task)
