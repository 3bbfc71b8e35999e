"""How long parsing and judging take: 100,000 jobs, and a history of a million events.

It exists because a run that takes a minute must not be judged for another one, and a
design's soak test of hours must be judged at all. Limits: `judging.md` §6; times are
seconds of CPU on one core.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from harness import history
from harness.bench.measured import Measured
from harness.history import (
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    EffectSeen,
    Expected,
    Row,
    SubmitBegun,
    SubmitEnded,
    Transition,
)
from harness.report.cells import judge_history

_EVENTS_PER_JOB = 9
# So that checkers find something, and the report tells of it.
_HARMED_ONE_IN = 1000


def measure(tell: Callable[[str], None]) -> Iterator[Measured]:
    """Judge histories of two sizes, each in a process of its own, on one core."""
    for jobs, seconds, megabytes in ((100_000, 10, 1000), (112_000, 15, None)):
        events = jobs * _EVENTS_PER_JOB
        size = f"{jobs:,} jobs ({events / 1e6:.2f} million events)"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "history.jsonl"
            tell(f"writing a history of {size}")
            path.write_bytes(b"".join(map(history.encode, _history(jobs))))
            tell("judging it on one core")
            took = _in_a_process_of_its_own(path)
        both = took["parse"] + took["judge"]
        yield Measured(
            what=f"{size}: parsed and judged",
            value=both,
            unit="s",
            at_most=seconds,
        )
        yield Measured(
            what="    its peak of memory",
            value=took["megabytes"],
            unit="MB",
            at_most=megabytes,
        )
        yield Measured(what="    parsing alone", value=took["parse"], unit="s")
        yield Measured(
            what="    the same bytes by json.loads alone", value=took["json"], unit="s"
        )
        yield Measured(
            what="    parsed and judged, to json.loads alone",
            value=both / took["json"],
            unit="times",
        )


# --- a history -------------------------------------------------------------------


def _history(jobs: int) -> Iterator[AnyEvent]:
    """Yield the events of a cell without faults, 400 jobs a second."""
    yield history.Cell(
        time=0,
        schema_version=history.SCHEMA_VERSION,
        run="bench",
        wall=0,
        scenario="bench",
        claim="So many jobs.",
        source="",
        design="bench",
        design_source="",
        lanes=("bench",),
        promises={},
        bites={},
        floors=history.Floors(),
        faults=(),
        workload="",
        key_prefix="bench",
        recovery_seconds=10,
        seed=0,
        command="harness bench",
        versions={},
    )
    end = jobs / 400 + 60
    for number in range(jobs):
        yield from _job(number, begins=number / 400, read=end)
    harmed = len(range(0, jobs, _HARMED_ONE_IN))
    lines = {
        "client": 2 * jobs,
        "database": 5 * jobs + harmed,
        "attempts": 2 * jobs,
        "broker": 0,
    }
    yield history.Settled(time=end, complete=True, because="", open_jobs=0)
    for ledger in history.LEDGERS:
        yield history.LedgerEnd(time=end, ledger=ledger, lines=lines[ledger])
    yield history.End(time=end, events=sum(lines.values()) + 7)


def _job(number: int, *, begins: float, read: float) -> Iterator[AnyEvent]:
    key = f"bench-{number:06}"
    expected = Expected(status="finished", result=256)
    asked: dict[str, Any] = {"type": "power", "argument": 8}
    where: dict[str, Any] = {
        "job": number,
        "task": f"task-{number}",
        "process": 21,
        "container": "worker",
    }
    yield SubmitBegun(
        time=begins,
        key=key,
        nth=1,
        intended=begins,
        purpose="workload",
        expected=expected,
        **asked,
    )
    yield SubmitEnded(
        time=begins + 0.02, key=key, nth=1, outcome="ok", status=201, job=number
    )
    states = (None, "pending", "started", "finished")
    for nth, (old, new) in enumerate(pairwise(states)):
        yield Transition(
            time=begins + 0.01 + nth / 50,
            sequence=3 * number + nth,
            job=number,
            key=key,
            old=old,
            new=new,
            backend_pid=101,
            application="",
        )
    yield AttemptEntered(time=begins + 0.04, **where)
    yield AttemptLeft(time=begins + 0.05, outcome="returned", **where)
    yield Row(time=read, job=number, key=key, status="finished", result=256, **asked)
    yield EffectSeen(time=read, effect=2 * number, job=number)
    if number % _HARMED_ONE_IN == 0:
        yield EffectSeen(time=read, effect=2 * number + 1, job=number)


# --- in a process of its own -----------------------------------------------------


def _in_a_process_of_its_own(path: Path) -> dict[str, float]:
    """Run this module as a program: its memory is then its own, and so is its core."""
    said = subprocess.run(
        [sys.executable, "-m", __name__, str(path)],
        check=True,
        capture_output=True,
    )
    return msgspec.json.decode(said.stdout, type=dict[str, float])


def _judge(path: Path) -> dict[str, float]:
    """Parse and judge; then parse the same lines by the json module alone."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    begun = _cpu_seconds()
    read = history.read(path)
    parsed = _cpu_seconds()
    judged = judge_history(read, scenario="bench", lane="bench").result
    done = _cpu_seconds()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    assert read.broken is None
    assert judged.accounting.more_than_once, judged.because
    del read, judged
    json_begun = _cpu_seconds()
    with path.open("rb") as lines:
        for line in lines:
            json.loads(line)
    return {
        "parse": parsed - begun,
        "judge": done - parsed,
        "megabytes": megabytes,
        "json": _cpu_seconds() - json_begun,
    }


def _cpu_seconds() -> float:
    """Return the seconds of CPU so far: those of the clock are others' work as well."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_judge(Path(sys.argv[1]))))
