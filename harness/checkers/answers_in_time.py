"""The API answers each request in time, whatever else is down.

It exists because a web process that waits for a broken service has lost its clients
long before it answers, and the threads that wait serve nobody else (`judging.md` §5:
slow_answer). Where the whole machine was too busy for anybody to be quick, nobody is
accused of a broken promise; what was seen of others is told all the same.
"""

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


def check(account: Account) -> Iterator[Anomaly | Doubt]:
    """Find requests whose client waited for longer than the limit."""
    limit = account.limit_seconds(GUARANTEE, WITHIN_SECONDS)
    promised, while_busy = account.is_promised(GUARANTEE), 0
    for record in account.jobs:
        for told, begun, ended in _requests(record):
            if ended.time - begun <= limit:
                continue
            if promised and account.was_busy(begun, ended.time):
                while_busy += 1
            else:
                faults = [
                    fault.name
                    for fault in account.faults
                    if fault.lies_over(begun, ended.time)
                ]
                during = f"during {', '.join(faults)}" if faults else "with no fault on"
                yield Anomaly(
                    kind="slow_answer",
                    keys=(record.key,),
                    events=(ended,),
                    because=f"{told} after more than {limit:g} s, {during}",
                    cause="waited out a fault" if faults else "unexplained",
                    proven="presence",
                )
    if while_busy:
        yield Doubt(
            because="the machine had no CPU to spare during answers that took more than"
            f" {limit:g} s ({while_busy}): run fewer designs at once"
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
