"""Appends lines to the ledger: whole ones, from many processes at once.

It exists so that no process can break another's line. A line is one `write` to a file
opened for appending, which the kernel does not interleave. A SIGKILL can cut it where
two pages of the file meet: so each begins on a new line, and what was cut stands alone.
The file stays open, under a number that the app will not come to: the kernel gives away
the lowest that is free, so one that the app closed is not soon a socket of its own.
"""

import errno
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import F_DUPFD_CLOEXEC, fcntl
from functools import wraps
from json.encoder import encode_basestring_ascii
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

PATH = os.environ.get("PROBE_LOG", "")
CONTAINER = os.environ.get("PROBE_CONTAINER") or socket.gethostname()
# Escaped as JSON, a character may take six bytes: a line stays below 4 kB.
LONGEST_TEXT = 400

# Above what the app has open, below 1024, which is the least that a process may have.
_HIGH_NUMBER = 900

# What every line of this container ends with, but for its process.
_WHERE = f',"container":{encode_basestring_ascii(CONTAINER)}}}\n'

_file: int | None = None
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


@contextmanager
def told(kind: str, **fields: Any) -> Iterator[None]:
    """Write the event once the block is over, with the error that ended it, if any."""
    try:
        yield
    except BaseException as error:
        write(kind, **fields, error=text(error))
        raise
    write(kind, **fields)


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
    # By hand: a line is flat, and a JSON encoder takes three times as long.
    told = "".join([f',"{name}":{_json(value)}' for name, value in fields.items()])
    who = f',"process":{os.getpid()}'
    line = f'\n{{"kind":"{kind}","time":{time_!r}{told}{who}{_WHERE}'.encode()
    if _put(line) != len(line):
        raise OSError("the disk took half a line")


def _put(line: bytes) -> int:
    """Append the bytes; say how many the disk took. Children share the open file."""
    global _file
    try:
        return os.write(_open() if _file is None else _file, line)
    except OSError as error:
        _file = None
        if error.errno != errno.EBADF:
            raise
        return os.write(_open(), line)  # the app had closed it


def _open() -> int:
    global _file
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    low = os.open(PATH, flags, 0o666)
    try:
        _file = fcntl(low, F_DUPFD_CLOEXEC, _HIGH_NUMBER)
    finally:
        os.close(low)
    return _file


def _json(value: str | int | None) -> str:
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None:
        return "null"
    return str(value).lower()  # a number, true or false


def _complain(because: str) -> None:
    global _complained
    if not _complained:
        _complained = True
        print(f"probe: {because}", file=sys.stderr, flush=True)
