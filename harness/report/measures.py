"""What is measured beside the verdict: latencies, redeliveries, the backlog.

It exists so that a reader sees how a cell felt, also where nothing was broken. These
are numbers for people: no verdict reads them.
"""

from collections.abc import Iterator, Sequence

from harness.fates import Account
from harness.history import History, QueueSeen
from harness.records import TERMINAL, JobRecord
from harness.report.results import Measures


def measure(history: History, account: Account) -> Measures:
    """Measure one cell."""
    starts = [fault.asked for fault in account.faults if fault.asked is not None]
    stops = [each.verified for each in account.faults if each.verified is not None]
    begin = min(starts, default=float("inf"))
    end = max(stops, default=float("inf"))
    parts: tuple[list[float], list[float], list[float]] = ([], [], [])
    for record in account.jobs:
        took = latency(record)
        if took is not None:
            asked = record.begun[0].time
            parts[(asked >= begin) + (asked > end)].append(took)
    before, during, after = (p95(part) for part in parts)
    return Measures(
        latency_p95_before=before,
        latency_p95_during=during,
        latency_p95_after=after,
        redeliveries=sum(
            1 for job in account.jobs for each in job.deliveries if each.redelivered
        ),
        deepest_backlog=max((count for _, count in backlog(history)), default=None),
        clock_error_seconds=round(account.clock_error_seconds, 6),
    )


def latency(record: JobRecord) -> float | None:
    """Return the seconds from a job's first request to its end, None without one."""
    ends = [change.time for change in record.transitions if change.new in TERMINAL]
    if not record.begun or not ends or not record.terminal:
        return None
    return max(0.0, ends[0] - record.begun[0].time)


def backlog(history: History) -> Iterator[tuple[float, int]]:
    """Yield (time, messages that the broker holds) at each sample, all queues summed.

    What waits in a dead-letter queue is held, too, but it is no backlog.
    """
    held: dict[str, int] = {}
    for seen in sorted(history.of(QueueSeen), key=lambda e: (e.time, e.queue)):
        if not seen.dead_letters:
            held[seen.queue] = seen.ready + seen.unacknowledged
            yield seen.time, sum(held.values())


def p95(values: Sequence[float]) -> float | None:
    """Return the 95th percentile by nearest rank, in milliseconds' precision."""
    if not values:
        return None
    rank = -(-95 * len(values) // 100)
    return round(sorted(values)[rank - 1], 3)
