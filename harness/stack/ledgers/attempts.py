"""The attempts ledger: what the probe wrote inside a lane's containers.

It exists because only the process that runs a job's body knows that it was entered.
Each lane has one file, on a mount that no fault touches; a cell's share of it begins
where the file ended when the cell began. Its times are of the containers' clock, and
are converted to ours where the two differ: an engine may run in a machine of its own.
"""

import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from harness.clock import now
from harness.errors import StackLost
from harness.history import (
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    BreakpointLeft,
    BreakpointReached,
    ChildDied,
    Clock,
    DatabaseConnected,
    DeadLettered,
    Delivered,
    PublishBegun,
    PublishEnded,
    TaskEnded,
)
from harness.stack.services import ask

_decoder = msgspec.json.Decoder(AnyEvent)

# More than a process of the app has threads, and so connections that are open.
_CONNECTIONS_AT_ONCE = 16

# The kernel gives itself a new one at each boot: who has the same shares its clocks.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_READ_CLOCK = f"""
import time
print(time.monotonic(), open("{_BOOT_ID}").read())
"""
_READINGS = 3


def read_clock(container: Any) -> Clock:
    """Compare the containers' clock with ours.

    One kernel has one clock. Else it is read between two looks at ours, and the
    narrowest of a few readings counts. Raises StackLost if there is none.
    """
    ours = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else None
    readings = []
    for _ in range(_READINGS):
        begun = now()
        said = ask(container, ["python", "-I", "-S", "-c", _READ_CLOCK])
        ended = now()
        theirs, boot_id = said.decode().split()
        if boot_id == ours:
            readings = [(0.0, 0.0)]
            break
        readings.append(((ended - begun) / 2, (begun + ended) / 2 - float(theirs)))
    error, offset = min(readings)
    return Clock(
        time=now(), ledger="attempts", offset_seconds=offset, error_seconds=error
    )


class AttemptLog:
    """Follows one lane's probe file. Safe to use from many threads.

    `clock` is the containers'; an offset within its error is none: one kernel serves
    them and us, and its clock is the same.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.clock = clock
        differs = clock and abs(clock.offset_seconds) > clock.error_seconds
        self.offset_seconds = clock.offset_seconds if clock and differs else 0.0
        self._path = path
        self._lock = threading.Lock()
        self._offset = 0
        self._connections: dict[tuple[str, int], list[DatabaseConnected]] = {}
        self._begin()
        self.begin()

    def begin(self) -> None:
        """Forget what was; what is written from now on belongs to a new cell.

        Except for database connections: one that may be open may still be used.
        """
        with self._lock:
            self._follow()
            self._begin()

    def _begin(self) -> None:
        self._connections = {
            place: opened[-_CONNECTIONS_AT_ONCE:]
            for place, opened in self._connections.items()
        }
        self._events: list[AnyEvent] = [
            event for opened in self._connections.values() for event in opened
        ]
        self._open: dict[_Place, PublishBegun | Delivered] = {}
        self._running: dict[_Place, AttemptEntered] = {}
        self._held: dict[_Arrival, BreakpointReached] = {}
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

    def dead_lettered(self) -> set[int | None]:
        """Return the jobs that the app has taken from its dead-letter queue."""
        with self._lock:
            self._follow()
            return {
                event.job for event in self._events if isinstance(event, DeadLettered)
            }

    def held_at(
        self, point: str, nth: int, roles: Collection[str]
    ) -> BreakpointReached | None:
        """Return the arrival that waits at a breakpoint, or died there; else None."""
        with self._lock:
            self._follow()
            return next(
                (
                    event
                    for event in self._held.values()
                    if (event.point, event.nth) == (point, nth)
                    and event.container in roles
                ),
                None,
            )

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
        for line in filter(None, whole.splitlines()):
            try:
                self._take(_decoder.decode(line))
            except msgspec.DecodeError as error:
                if "truncated" in str(error):
                    continue  # killed in the middle of it: as if just before
                raise StackLost(
                    f"the probe wrote a line that is no event ({error}): {line!r}"
                ) from error

    def _take(self, event: AnyEvent) -> None:
        if self.offset_seconds:
            time = event.time + self.offset_seconds
            event = msgspec.structs.replace(event, time=time)
        self._events.append(event)
        match event:
            case DatabaseConnected():
                place = (event.container, event.process)
                self._connections.setdefault(place, []).append(event)
            case ChildDied():
                self._connections.pop((event.container, event.child), None)
            case PublishBegun() | Delivered():
                self._open[_place(event)] = event
            case PublishEnded() | TaskEnded():
                self._open.pop(_place(event), None)
            case AttemptEntered():
                self._entered += 1
                self._running[_place(event)] = event
            case AttemptLeft():
                self._running.pop(_place(event), None)
            case BreakpointReached():
                self._held[_arrival(event)] = event
            case BreakpointLeft():
                self._held.pop(_arrival(event), None)
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


class _Arrival(NamedTuple):
    """Who waits at which breakpoint."""

    point: str
    nth: int
    container: str
    process: int


def _arrival(event: BreakpointReached | BreakpointLeft) -> _Arrival:
    return _Arrival(event.point, event.nth, event.container, event.process)
