"""What was asked for before a fault was gone is done soon after it.

It exists because a system can come back and its work not: a worker that reconnects and
consumes nothing looks healthy to every probe (`judging.md` §5: unrecovered). A job that
no message is left for is lost and not late: that is for `every_job_starts` and
`every_started_job_ends` to say. Nor does a backlog tell anything of a design where the
machine had no CPU to work it off.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from harness.fates import Account
from harness.history import QueueSeen
from harness.records import JobRecord
from harness.verdict import Anomaly, Doubt

GUARANTEE = "recovers_in_time"
GROUP = "service"
SENTENCE = "Once every fault is gone, the backlog is gone within the limit."
KINDS = {
    "unrecovered": (
        "job of the backlog not done in time",
        "jobs of the backlog not done in time",
    )
}
# A design that names no limit gets the longest that one may promise (`design.md` §4).
WITHIN_SECONDS = 60.0
AT_MOST_SECONDS = 60.0


def check(account: Account) -> Iterator[Anomaly | Doubt]:
    """Find jobs asked for before the last verified heal, and open too long after it."""
    healed = account.healed
    if healed is None:
        return
    limit = account.limit_seconds(GUARANTEE, WITHIN_SECONDS)
    late = list(_check(account, healed, limit))
    if late and account.was_busy(healed, healed + limit):
        yield Doubt(
            because=f"the machine had no CPU to spare in the {limit:g} s after the heal"
            f" (jobs not done by then: {len(late)}): run fewer designs at once"
        )
        return
    yield from late


def _check(account: Account, healed: float, limit: float) -> Iterator[Anomaly]:
    for record in account.jobs:
        ended = record.ended_at
        if ended is not None and ended <= healed + limit:
            continue
        for each in record.each_job():
            if not each.transitions or each.transitions[0].time > healed:
                continue
            until = each.ended_at if each.terminal else _left_behind(each, account)
            if until is None:
                continue
            waited = until - healed - _own_run_seconds(each, account, healed, until)
            if waited > limit + account.clock_error_seconds:
                yield _late(each, account, healed, limit)


def _left_behind(record: JobRecord, account: Account) -> float | None:
    """Return when a job that never ended was last seen open, with messages left.

    None where no message is left that could be its own: nobody will ever end it.
    """
    sent = sum(1 for event in record.publishes_ended if event.error is None)
    gone = sum(1 for event in record.acknowledged if event.error is None)
    gone += sum(1 for e in record.rejected if e.error is None and not e.requeue)
    if sent <= gone or not _held(account.queues):
        return None
    return max((row.time for row in record.rows), default=None)


def _held(queues: Iterable[QueueSeen]) -> list[QueueSeen]:
    """Return the queues that hold messages; dead letters are no backlog."""
    return [
        queue
        for queue in queues
        if queue.ready + queue.unacknowledged and not queue.dead_letters
    ]


def _own_run_seconds(
    record: JobRecord, account: Account, start: float, stop: float
) -> float:
    """Return how long the job's body ran between two moments: a long job is not late.

    No moment counts twice. An attempt that was never left lasted as long as one that
    was, or until its process died; where neither is known, to the end.
    """
    attempts = sorted(record.attempts(), key=lambda each: each.entered.time)
    longest = max(
        (each.until - each.entered.time for each in attempts if each.left),
        default=float("inf"),
    )
    ran, upto = 0.0, start
    for each in attempts:
        entered = each.entered
        died = account.died_at(entered.container, entered.process, entered.time)
        until = min(each.until, entered.time + longest, died or stop, stop)
        ran += max(0.0, until - max(entered.time, upto))
        upto = max(upto, until)
    return ran


def _late(record: JobRecord, account: Account, healed: float, limit: float) -> Anomaly:
    samples: dict[str, QueueSeen] = {}
    for sample in account.samples:
        if sample.time >= healed + limit:
            samples.setdefault(sample.queue, sample)
    held = _held(samples.values())
    cause, where = _where(record, account, healed + limit, held)
    return Anomaly(
        kind="unrecovered",
        keys=(record.key,),
        events=(*record.deliveries, *record.transitions, *held, *record.rows),
        because=f"{limit:g} s after the heal {where}",
        cause=cause,
        proven="presence",
    )


def _where(
    record: JobRecord, account: Account, deadline: float, held: Sequence[QueueSeen]
) -> tuple[str, str]:
    """Say where the job was when its time was up: with a worker, or in a queue.

    A worker that died has it no more: the broker delivers its message again.
    """
    ended = [event for event in record.tasks_ended if event.time <= deadline]
    taken = []
    for event in record.deliveries:
        died = account.died_at(event.container, event.process, event.time)
        if event.time <= deadline and (died is None or died > deadline):
            taken.append(event)
    open_tasks = Counter(
        (event.task, event.container, event.process) for event in taken
    ) - Counter((event.task, event.container, event.process) for event in ended)
    for _, container, _ in open_tasks:
        return "held by a worker", f"with {container}, which had taken it"
    if ended and ended[-1].state == "RETRY":
        return "waits for its retry", "waiting for the retry that it asked for itself"
    published = [e for e in record.publishes_ended if e.error is None]
    if any(event.time <= deadline for event in published):
        queues = [
            f"{each.queue} held {each.ready} ready and {each.unacknowledged}"
            f" unacknowledged messages for {each.consumers} consumers"
            for each in held
        ]
        return "not consumed", "published, " + (", ".join(queues) or "in no queue")
    return "not published", "not published"
