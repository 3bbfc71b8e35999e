"""Writes a cell's history, line by line, as it happens.

It exists so that evidence is on its way to disk before anything else can go wrong:
each event is one `write` to a file opened for appending, so a killed harness leaves
whole lines, and a lock keeps threads from mixing theirs.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from harness import history
from harness.clock import now
from harness.errors import EvidenceNotWritten


class Recorder:
    """Appends events to one history file. Safe to use from many threads.

    `watch` is shown each event that was written, by the thread that wrote it.
    """

    def __init__(
        self, path: Path, watch: Callable[[history.AnyEvent], None] = lambda _: None
    ) -> None:
        self.path = path
        self._watch = watch
        self._lock = threading.Lock()
        self._written: Counter[history.Ledger | None] = Counter()
        self._failure: EvidenceNotWritten | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise _not_written(path, error) from error

    def record(self, event: history.AnyEvent) -> None:
        """Append one event. Raises EvidenceNotWritten (also for an earlier failure).

        After a failure nothing more is written: a line that is cut by a full disk
        must stay the last one, so that reading stops there and says so.
        """
        line = history.encode(event)
        with self._lock:
            if self._failure is not None:
                raise self._failure
            try:
                written = os.write(self._file, line)
            except OSError as error:
                self._failure = _not_written(self.path, error)
                raise self._failure from error
            if written != len(line):
                self._failure = _not_written(self.path, "the disk took half a line")
                raise self._failure
            self._written[history.LEDGER_OF.get(type(event))] += 1
        self._watch(event)

    def lines(self, ledger: history.Ledger) -> int:
        """Return how many events of a ledger were written."""
        return self._written[ledger]

    def end(self) -> None:
        """Write the history's last event and close the file."""
        self.record(history.End(time=now(), events=self._written.total()))
        self.close()

    def close(self) -> None:
        """Close the file without an end event: the history stays incomplete."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def failure(self) -> EvidenceNotWritten | None:
        """The first failure to write, for threads that have nobody to tell."""
        return self._failure


def _not_written(path: Path, why: object) -> EvidenceNotWritten:
    return EvidenceNotWritten(
        f"evidence could not be written to {path}: {why}. "
        "Free some space or choose another folder with --reports, then run again."
    )
