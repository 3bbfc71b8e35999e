"""Appends lines to the ledger: whole ones, from many processes at once.

It exists so that no process can break another's line. A line is one `write` to a file
opened for appending, which the kernel does not interleave, and shorter than a page.
The file is opened for each line (a few microseconds): so there is no descriptor that
a fork could share, or that the app could close and use again for a socket of its own.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

PATH = os.environ.get("PROBE_LOG", "")
CONTAINER = os.environ.get("PROBE_CONTAINER") or socket.gethostname()
# Escaped as JSON, a character may take six bytes: a line stays below 4 kB.
LONGEST_TEXT = 400

_lost = 0
_complained = False


def write(kind: str, **fields: Any) -> None:
    """Append one event. Never raises: what could not be written is counted.

    As soon as writing works again, a line says how many were lost.
    """
    global _lost
    time_ = time.monotonic()
    try:
        if _lost:
            lost = f"{_lost} lines could not be written"
            _append("probe_failed", time_, {"because": lost})
            _lost = 0
        _append(kind, time_, fields)
    except Exception as error:
        _lost += 1
        _complain(f"a line was lost: {error!r}")


def failed(because: str) -> None:
    """Say in the ledger, and once to the container's log, what is not seen."""
    _complain(because)
    write("probe_failed", because=because[:LONGEST_TEXT])


def text(error: BaseException) -> str:
    """Return an error as words that fit into a line."""
    try:
        return repr(error)[:LONGEST_TEXT]
    except Exception:  # an exception of the app may have a broken repr
        return type(error).__name__


def harmless(hook: Callable[P, T]) -> Callable[P, T | None]:
    """Wrap a hook so that its own failure never reaches the app."""

    @wraps(hook)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return hook(*args, **kwargs)
        except Exception as error:
            failed(f"{hook.__module__}.{hook.__qualname__}: {error!r}")
            return None

    return wrapped


def _append(kind: str, time_: float, fields: dict[str, Any]) -> None:
    event = {
        "kind": kind,
        "time": time_,
        **fields,
        "process": os.getpid(),
        "container": CONTAINER,
    }
    line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
    file = os.open(PATH, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        if os.write(file, line) != len(line):
            raise OSError("the disk took half a line")
    finally:
        os.close(file)


def _complain(because: str) -> None:
    global _complained
    if not _complained:
        _complained = True
        print(f"probe: {because}", file=sys.stderr, flush=True)
