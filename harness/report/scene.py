"""What the pictures of a cell are drawn from: its jobs and its backlog over time.

It exists so that drawing needs no history and the history knows no pixels. Every
number that the page states is in results.json; what is here is only to be looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.fates import Account
from harness.history import FaultVerified, History, Phase
from harness.records import TERMINAL, JobRecord
from harness.report.measures import backlog, latency

# A series is kept at so many moments: about as many as a picture has columns.
MOMENTS = 1000

# The states that a job can be seen in, worst first: the picture's layers from below.
LAYERS = ("lost", "stuck", "repeated", "queued", "ok", "ended")

Series = tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One job by when it was asked for; `took` is None where it never ended.

    `mark` is one of `palette.MARKS`.
    """

    key: str
    asked: float
    took: float | None
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A cell to be drawn. Times are seconds since the cell began.

    `layers` counts the jobs in each of LAYERS after each change; `pending` counts rows
    that the database calls pending, `held` messages that the broker holds.
    """

    until: float
    layers: Mapping[str, Series]
    pending: Series
    held: Series
    dots: tuple[Dot, ...]


def look(history: History, account: Account) -> Scene:
    """Return what there is to see in a history, which was folded to `account`."""
    start = account.cell.time
    jobs = [record for record in account.jobs if record.begun]
    marks = {record.key: _mark(record) for record in jobs}
    changes: dict[str, list[tuple[float, int]]] = {layer: [] for layer in LAYERS}
    for record in jobs:
        for since, until, layer in _stays(record, marks[record.key]):
            changes[layer].append((since - start, 1))
            if until is not None:
                changes[layer].append((until - start, -1))
    until = _until(history, account, start)
    return Scene(
        until=until,
        layers={layer: _summed(found, until) for layer, found in changes.items()},
        pending=_summed(_pending(jobs, start), until),
        held=tuple((t - start, n) for t, n in backlog(history) if t - start <= until),
        dots=tuple(
            Dot(
                key=record.key,
                asked=record.begun[0].time - start,
                took=latency(record),
                mark=marks[record.key],
            )
            for record in jobs
            if record.fate not in ("refused", "vanished")
        ),
    )


def _until(history: History, account: Account, start: float) -> float:
    """Return the end of the time axis: a little after the last change or heal.

    The final read comes later, and shows nothing that moves.
    """
    times = [change.time for job in account.jobs for change in job.transitions]
    times += [event.time for job in account.jobs for event in job.begun]
    times += [event.time for event in history.of(FaultVerified)]
    times += [phase.time for phase in history.of(Phase) if phase.name == "settle"]
    return max((max(times, default=start) - start) * 1.04, 1.0)


def _mark(record: JobRecord) -> str:
    match record.fate:
        case "lost" | "stuck" as fate:
            return fate
        case "more_than_once":
            return "repeated"
    if len(record.begun) > 1 or len(record.entered) > 1:
        return "retried"
    return "ok"


def _stays(record: JobRecord, mark: str) -> Iterable[tuple[float, float | None, str]]:
    """Yield (since, until, layer) of a job's life; what befell it stays to the end."""
    if mark == "lost":
        yield record.begun[0].time, None, "lost"
        return
    harm = _harmed_at(record, mark)
    since, layer = None, ""
    for change in record.transitions:
        if harm is not None and change.time >= harm:
            break
        if since is not None:
            yield since, change.time, layer
        since, layer = change.time, _layer(change.new)
    if since is not None:
        yield since, harm, layer
    if harm is not None:
        yield harm, None, mark


def _harmed_at(record: JobRecord, mark: str) -> float | None:
    """Return when the harm that shows at the end was done, None without harm."""
    match mark:
        case "stuck":
            rows = [job for job in record.each_open() if job.transitions]
            return max((job.transitions[-1].time for job in rows), default=None)
        case "repeated":
            again = [change.time for change in record.transitions if change.old is None]
            again = again[1:] or [attempt.time for attempt in record.entered[1:]]
            return min(again, default=record.begun[0].time)
    return None


def _layer(status: str | None) -> str:
    if status in TERMINAL:
        return "ended"
    return "ok" if status == "started" else "queued"


def _pending(jobs: Iterable[JobRecord], start: float) -> list[tuple[float, int]]:
    return [
        (change.time - start, step)
        for record in jobs
        for change in record.transitions
        for status, step in ((change.old, -1), (change.new, 1))
        if status == "pending"
    ]


def _summed(changes: Iterable[tuple[float, int]], until: float) -> Series:
    """Sum changes up to the count at each of the moments up to `until`."""
    moment = until / MOMENTS
    counts: dict[int, int] = {0: 0}
    count = 0
    for time, step in sorted(changes):
        count += step
        counts[round(min(max(time, 0.0), until) / moment)] = count
    return tuple((index * moment, count) for index, count in counts.items())
