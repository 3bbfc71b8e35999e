"""How a cell came back after its faults, in numbers, from its history alone.

It exists because "it recovered" has several meanings, and a reader wants each: when the
first job was done again, when nothing waited longer than usual any more, how deep work
fell meanwhile, and what the API's clients felt of it. When the backlog was gone is told
beside these (telling.recovery_seconds). No verdict reads them.
"""

from collections.abc import Iterator

from harness.fates import Account
from harness.records import JobRecord
from harness.report.measures import p95
from harness.report.results import Recovery

# Waiting is normal again within twice the 95th percentile of before, or half a second
# above it, where jobs hardly waited at all.
_FACTOR, _SLACK_SECONDS = 2.0, 0.5
# Throughput is counted over so long, and looked at so often.
_WINDOW_SECONDS, _STEP_SECONDS = 2.0, 0.5


def recovery(account: Account) -> Recovery | None:
    """Return the numbers; None without a fault that is known to be gone."""
    healed = account.healed
    begun = [fault.asked for fault in account.faults if fault.asked is not None]
    if healed is None or not begun:
        return None
    answers = list(_answer_seconds(account))
    return Recovery(
        first_success_seconds=_first_success(account, healed),
        normal_wait_seconds=_normal_wait(account, min(begun), healed),
        dip=_dip(account, min(begun), healed),
        api_p95_during=p95(answers),
        api_slowest_during=round(max(answers), 3) if answers else None,
    )


def _first_success(account: Account, healed: float) -> float | None:
    ends = [end for end in _finished(account) if end >= healed]
    return round(min(ends) - healed, 3) if ends else None


def _normal_wait(account: Account, begun: float, healed: float) -> float | None:
    """Return how long after the heal the last job ended that had waited too long.

    None where nothing tells what is normal, or no job shows that it is again; and where
    one waits for ever.
    """
    if any(not job.started for record in account.jobs for job in record.each_open()):
        return None
    waits = [each for record in account.jobs if (each := _wait(record)) is not None]
    normal = p95([wait for _, ended, wait in waits if ended < begun])
    if normal is None or not any(asked > healed for asked, _, _ in waits):
        return None
    limit = max(normal * _FACTOR, normal + _SLACK_SECONDS)
    late = [ended for _, ended, wait in waits if ended > healed and wait > limit]
    return round(max(late, default=healed) - healed, 3)


def _wait(record: JobRecord) -> tuple[float, float, float] | None:
    """Return when a job was asked for, when it ended, and how long it only waited."""
    ended = record.ended_at
    if not record.begun or ended is None:
        return None
    asked = record.begun[0].time
    attempts = [each for each in record.attempts() if each.left is not None]
    ran = attempts[-1].until - attempts[-1].entered.time if attempts else 0.0
    return asked, ended, max(0.0, ended - asked - ran)


def _dip(account: Account, begun: float, healed: float) -> float | None:
    """Return how deep work fell: 0 not at all, 1 nothing was done for a while.

    It is the worst window against the mean before; None where that is nothing.
    """
    first = min((r.begun[0].time for r in account.jobs if r.begun), default=begun)
    ends = sorted(_finished(account))
    before = sum(1 for end in ends if end < begun)
    if begun - first < _WINDOW_SECONDS or not before:
        return None
    usual = before / (begun - first) * _WINDOW_SECONDS
    steps = int(max(0.0, healed - begun - _WINDOW_SECONDS) / _STEP_SECONDS) + 1
    windows = [begun + step * _STEP_SECONDS for step in range(steps)]
    worst = min(
        sum(1 for end in ends if start <= end < start + _WINDOW_SECONDS)
        for start in windows
    )
    return round(max(0.0, 1 - worst / usual), 2)


def _answer_seconds(account: Account) -> Iterator[float]:
    """Yield how long each answer to a submission took that was asked for meanwhile."""
    for record in account.jobs:
        begun = {event.nth: event.time for event in record.begun}
        for ended in record.ended:
            asked = begun.get(ended.nth)
            if asked is not None and any(
                fault.confirmed is not None
                and fault.healed is not None
                and fault.confirmed <= asked <= fault.healed
                for fault in account.faults
            ):
                yield ended.time - asked


def _finished(account: Account) -> Iterator[float]:
    for record in account.jobs:
        for change in record.transitions:
            if change.new == "finished":
                yield change.time
