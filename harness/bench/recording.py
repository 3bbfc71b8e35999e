"""How long writing evidence takes, at 5,000 events a second, and what a crash costs.

It exists because the recorder is called by the very threads that submit the workload:
if it kept them waiting, the load would no longer be the one that was planned.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Thread

from harness import history
from harness.bench.measured import Measured
from harness.clock import now, wait_until
from harness.history import SubmitEnded
from harness.recorder import Recorder

_EVENTS_PER_SECOND = 5000
_SECONDS = 10
_THREADS = 5


def measure(tell: Callable[[str], None]) -> Iterator[Measured]:
    """Write on time from several threads; then kill a writer."""
    with tempfile.TemporaryDirectory() as folder:
        tell(f"writing {_EVENTS_PER_SECOND:,} events a second for {_SECONDS} s")
        path = Path(folder) / "history.jsonl"
        begun = now()
        waits = sorted(_write_on_time(path))
        seconds = now() - begun
        written = len(history.read(path).events)
        tell("killing a writer with SIGKILL")
        lost = _lost_by_a_crash(Path(folder) / "killed.jsonl")
    yield Measured(
        what=f"{_EVENTS_PER_SECOND:,} events a second asked for: written",
        value=written / seconds,
        unit="events/s",
        at_least=_EVENTS_PER_SECOND * 0.99,
    )
    for name, share, limit in (
        ("half of all events", 0.5, 1.0),
        ("99 of 100 events", 0.99, 10.0),
        ("999 of 1000 events", 0.999, None),
    ):
        yield Measured(
            what=f"    {name} kept their caller waiting for up to",
            value=waits[int(share * len(waits))] * 1000,
            unit="ms",
            at_most=limit,
        )
    yield Measured(
        what="    recorded events that are lost when the writer is killed",
        value=lost,
        unit="events",
        at_most=0,
    )


def _event(number: int) -> SubmitEnded:
    return SubmitEnded(
        time=number, key=f"bench-{number:06}", nth=1, outcome="ok", status=201, job=1
    )


def _write_on_time(path: Path) -> list[float]:
    """Write from several threads, each event at its time; return what each waited."""
    recorder = Recorder(path)
    begun = now()
    waits: list[float] = []

    def write(first: int) -> None:
        for number in range(first, _EVENTS_PER_SECOND * _SECONDS, _THREADS):
            due = begun + number / _EVENTS_PER_SECOND
            wait_until(
                lambda due=due: now() >= due,  # type: ignore[misc]
                within_seconds=1,
                every_seconds=0.0002,
            )
            called = now()
            recorder.record(_event(number))
            waits.append(now() - called)

    threads = [Thread(target=write, args=(first,)) for first in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    return waits


def _lost_by_a_crash(path: Path) -> int:
    """Kill a process that writes as fast as it can; count what it had recorded."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__, str(path)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        # It says each number once that event is recorded.
        recorded = 0
        while recorded < 10_000:
            recorded = int(writer.stdout.readline())
        writer.kill()
        rest = writer.stdout.read().rpartition(b"\n")[0].splitlines()
        recorded = int(rest[-1]) if rest else recorded
    assert writer.returncode == -signal.SIGKILL
    return max(0, recorded - len(history.read(path).events))


def _write_for_ever(path: Path) -> None:
    recorder = Recorder(path)
    for number in count(1):
        recorder.record(_event(number))
        os.write(sys.stdout.fileno(), b"%d\n" % number)


if __name__ == "__main__":
    _write_for_ever(Path(sys.argv[1]))
