"""The API answers each request in time, whatever else is down.

It exists because a web process that waits for a broken service has lost its clients
long before it answers, and the threads that wait serve nobody else (`judging.md` §5:
slow_answer). Where the whole machine was too busy for anybody to be quick, nobody is
accused of a broken promise; what was seen of others is told all the same. Nor is
anybody accused of the time for which we held a request at a breakpoint.
"""

from collections import Counter
from collections.abc import Iterator

from harness.fates import Account
from harness.history import PollEnded, SubmitEnded
from harness.records import JobRecord
from harness.verdict import Anomaly, Doubt

GUARANTEE = "answers_in_time"
GROUP = "service"
SENTENCE = "The API answers each request within the limit, during a fault too."
KINDS = {"slow_answer": ("answer that took too long", "answers that took too long")}
# The workload's clients give up after ten seconds: what comes later, nobody sees. So
# who names no limit is held to that, and nobody may name a longer one.
WITHIN_SECONDS = 10.0
AT_MOST_SECONDS = 10.0

# What kept a client waiting and was no design's doing, and what to do about it.
_HELD = ("web was held at a breakpoint", "")
_BUSY = ("the machine had no CPU to spare", ": run fewer designs at once")


def check(account: Account) -> Iterator[Anomaly | Doubt]:
    """Find requests whose client waited for longer than the limit."""
    limit = account.limit_seconds(GUARANTEE, WITHIN_SECONDS)
    promised = account.is_promised(GUARANTEE)
    not_its_own: Counter[tuple[str, str]] = Counter()
    for record in account.jobs:
        for told, begun, ended in _requests(record):
            took = ended.time - begun
            if took <= limit:
                continue
            held = account.held_seconds("web", record.jobs, begun, ended.time)
            if took - held <= limit:
                not_its_own[_HELD] += 1
            elif promised and account.was_busy(begun, ended.time):
                not_its_own[_BUSY] += 1
            else:
                yield _slow(
                    record, account, f"{told} after more than {limit:g} s", begun, ended
                )
    for why, count in not_its_own.items():
        yield Doubt(
            because=f"{why[0]} during answers that took more than {limit:g} s ({count})"
            f"{why[1]}"
        )


def _slow(
    record: JobRecord,
    account: Account,
    told: str,
    begun: float,
    ended: SubmitEnded | PollEnded,
) -> Anomaly:
    faults = [each.name for each in account.faults if each.lies_over(begun, ended.time)]
    during = f"during {', '.join(faults)}" if faults else "with no fault on"
    return Anomaly(
        kind="slow_answer",
        keys=(record.key,),
        events=(ended,),
        because=f"{told}, {during}",
        cause="waited out a fault" if faults else "unexplained",
        proven="presence",
    )


def _requests(
    record: JobRecord,
) -> Iterator[tuple[str, float, SubmitEnded | PollEnded]]:
    """Yield each request: what its client was told, when it began, how it ended."""
    begun = {event.nth: event.time for event in record.begun}
    for ended in record.ended:
        if ended.nth in begun:
            told = f"answered {ended.status}" if ended.status else "given up"
            yield told, begun[ended.nth], ended
    for poll in record.polls:
        told = "a look answered" if poll.seen else "a look given up, or in error,"
        yield told, poll.begun, poll
