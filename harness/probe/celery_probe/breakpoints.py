"""Breakpoints: named points where one arrival waits until the harness lets go.

They exist so that a kill or a cut lands exactly there, where a random one rarely does.

    publish.before    whoever publishes: before the message is handed to the broker
    publish.after     whoever publishes: handed over (and confirmed, where the design
                      waits for that), and nobody knows it yet
    commit.before     whoever writes to the database: a COMMIT is about to be sent, or a
                      statement that commits by itself
    task.started      a pool child: it has the message, nothing of the design has run
    task.returned     a pool child: the task has returned, all that it writes is
                      committed; the worker's main process does not know it yet
    ack.before        the worker's main process: about to acknowledge the message

A breakpoint is armed by a file in the folder `breakpoints` beside the ledger, and let
go by taking the file away. Its name is `<point>@<nth>@<role>+<role>`. Whoever arrives
appends one byte to it: the kernel does not let two processes append at the same place,
so the end of one's own byte is one's number. Where nothing is armed there is no folder,
and an arrival costs one look for it.
"""

import os
import time
from pathlib import Path

from . import lines

# Longer than a fault needs to begin; short for whoever waits for this process.
LONGEST_WAIT_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.005
_FOLDER = str(Path(lines.PATH).parent / "breakpoints")


@lines.harmless
def arrive(
    point: str, job: int | None, *, at_most_seconds: float = LONGEST_WAIT_SECONDS
) -> None:
    """Wait, if this arrival is the one that a breakpoint at this point wants."""
    if not os.access(_FOLDER, os.F_OK):
        return
    for file in list(Path(_FOLDER).iterdir()):
        where, nth, roles = file.name.split("@")
        if where != point or lines.CONTAINER not in roles.split("+"):
            continue
        if _number(file) == int(nth):
            about = {"point": point, "nth": int(nth), "job": job}
            lines.write("breakpoint_reached", **about)
            released = _wait_until_gone(file, at_most_seconds)
            lines.write("breakpoint_left", **about, released=released)


def _number(file: Path) -> int | None:
    """Count this arrival; None where the breakpoint has just been let go."""
    try:
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        os.write(opened, b".")
        return os.lseek(opened, 0, os.SEEK_CUR)
    finally:
        os.close(opened)


def _wait_until_gone(file: Path, at_most_seconds: float) -> bool:
    """Wait for the file to be taken away; say whether it was."""
    until = time.monotonic() + at_most_seconds
    while file.exists():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_EVERY_SECONDS)
    return True
