"""Time, for the doing half. It exists so that waiting is always for a condition.

One monotonic clock serves the whole run: containers share the kernel's
CLOCK_MONOTONIC with the harness, so their times compare with ours as they are.
`wait_until` holds the only sleep in the project.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
# A context's own: it reaches every wait inside a block, however deep, and no other.
_stop: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


class Stopped(Exception):
    """Whoever waits was told to end at once: what would have come is not known."""


@contextlib.contextmanager
def stopped_by(stop: threading.Event) -> Iterator[None]:
    """Let `stop` end, by Stopped, whatever waits in this block of this thread."""
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


def end_if_stopped() -> None:
    """Raise Stopped where the block that we are in was told to end."""
    stop = _stop.get()
    if stop is not None and stop.is_set():
        raise Stopped


def now() -> float:
    """Return monotonic seconds, comparable with the containers' own."""
    return time.monotonic()


def wall() -> float:
    """Return seconds since the epoch, for readers and for database offsets."""
    return time.time()


def wait_until(
    condition: Callable[[], T],
    *,
    within_seconds: float,
    every_seconds: float = 0.05,
    at_last_every_seconds: float | None = None,
) -> T:
    """Return the first true value of `condition`, or its last one when time is up.

    The pause between two tries grows from `every_seconds` to `at_last_every_seconds`,
    if that is given, and up to that is as long as the try was: for one that costs so
    much that it delays what it waits for.
    The caller decides what a false value after `within_seconds` means. Raises Stopped
    inside a block that is told to end.
    """
    begun = now()
    deadline = begun + within_seconds
    while not (value := condition()) and now() < deadline:
        if at_last_every_seconds is None:
            time.sleep(every_seconds)
        else:
            time.sleep(max(every_seconds, min(now() - begun, at_last_every_seconds)))
            every_seconds = min(every_seconds * 1.5, at_last_every_seconds)
        end_if_stopped()
        begun = now()
    return value


def today() -> str:
    """Return the local date: 2026-11-23."""
    return time.strftime("%Y-%m-%d")


def stamp() -> str:
    """Return the local time as it begins the names of runs: 20261123-031500."""
    return time.strftime("%Y%m%d-%H%M%S")
