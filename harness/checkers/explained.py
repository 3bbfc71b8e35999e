"""What may have made a job run again: a kill, a lost connection, a retry, a fault.

It exists because nobody can promise that a job runs once, or never twice at a time:
a connection can die under a running task. What lies between two attempts tells the
repetition that a fault explains from the one that nothing does.
"""

from harness.fates import Account
from harness.records import Attempt, JobRecord


def why_again(
    record: JobRecord, first: Attempt, second: Attempt, account: Account
) -> tuple[str, bool]:
    """Return the cause of the second attempt, and whether it is explained.

    The time that counts runs from the job's first publish to the second entry: what
    made two messages of one, or brought one back, happened in it.
    """
    signs = (*record.publishes_begun, *record.deliveries, first.entered)
    start, stop = min(event.time for event in signs), second.entered.time
    died = any(
        event.process == first.entered.process and start <= event.time <= stop
        for event in account.processes_ended
    )
    retried = any(
        event.state == "RETRY" and start <= event.time <= stop
        for event in record.tasks_ended
    )
    fault = any(each.lies_over(start, stop) for each in account.faults)
    return _cause(record, died=died, retried=retried), died or retried or fault


def _cause(record: JobRecord, *, died: bool, retried: bool) -> str:
    if retried:
        return "retried"
    if any(delivery.redelivered for delivery in record.deliveries):
        return "redelivered after a kill" if died else "redelivered"
    if sum(1 for event in record.publishes_ended if event.error is None) > 1:
        return "published twice"
    return "unexplained"
