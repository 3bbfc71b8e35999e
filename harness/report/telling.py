"""What was judged, put into words and numbers for results.json.

It exists so that judging a cell and telling of it do not mix: here nothing is decided.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby

from harness.checkers import CHECKERS, DEFAULT_SECONDS, kinds
from harness.earned import FaultTimes
from harness.fates import Account
from harness.history import Cell
from harness.report.results import (
    AnomalyResult,
    CauseResult,
    FaultResult,
    GuaranteeResult,
)
from harness.verdict import Anomaly, Group, Judgement, group

WORDS = kinds()


def sentence(found: Group) -> str:
    """Say what a group of anomalies is: "40 jobs pending for ever: each ..."."""
    each = "" if found.count == 1 else "each "
    counted = _counted(found.kind, found.count, len(found.keys))
    return f"{counted}: {each}{found.because}"


def _counted(kind: str, count: int, keys: int) -> str:
    """Count anomalies, and keys where one has several: the books count keys."""
    one, many = WORDS.get(kind, (kind, kind))
    of_keys = "" if keys == count else f" ({keys} key{'s' if keys != 1 else ''})"
    return f"{count} {one if count == 1 else many}{of_keys}"


def anomaly_results(anomalies: Iterable[Anomaly]) -> tuple[AnomalyResult, ...]:
    """Gather anomalies by kind, and within a kind by cause, the largest first."""
    groups = sorted(group(anomalies), key=lambda g: g.kind)
    results = []
    for kind, members in groupby(groups, key=lambda g: g.kind):
        causes = tuple(
            CauseResult(
                sentence=sentence(each),
                cause=each.cause,
                because=each.because,
                proven=each.proven,
                explained=each.explained,
                count=each.count,
                jobs=each.keys,
            )
            for each in members
        )
        count = sum(each.count for each in causes)
        keys = {key for each in causes for key in each.jobs}
        results.append(
            AnomalyResult(
                kind=kind,
                sentence=_counted(kind, count, len(keys)),
                count=count,
                jobs=tuple(sorted(keys)),
                causes=causes,
            )
        )
    return tuple(sorted(results, key=lambda each: (-each.count, each.kind)))


def guarantee_result(judgement: Judgement, cell: Cell) -> GuaranteeResult:
    """Tell of one guarantee."""
    promise = cell.promises.get(judgement.guarantee)
    checker = next((c for c in CHECKERS if judgement.guarantee == c.GUARANTEE), None)
    return GuaranteeResult(
        group=checker.GROUP if checker else "unknown",
        sentence=checker.SENTENCE if checker else "There is no checker for it.",
        verdict=judgement.verdict,
        promised=promise is not None,
        judged_as_promised=judgement.promised,
        within_seconds=(promise and promise.within_seconds)
        or cell.limits.get(judgement.guarantee)
        or DEFAULT_SECONDS.get(judgement.guarantee),
        anomalies=anomaly_results(judgement.anomalies),
        excused=anomaly_results(judgement.excused),
        suspected=judgement.suspected,
        because=judgement.because,
        traceback=judgement.traceback,
    )


def fault_result(fault: FaultTimes, account: Account) -> FaultResult:
    """Tell how a fault went, and how many jobs were accepted while it was on."""

    def since(time: float | None) -> float | None:
        return None if time is None else round(time - account.cell.time, 3)

    accepted = sum(
        1
        for record in account.jobs
        if any(
            event.outcome == "ok"
            and fault.confirmed is not None
            and fault.healed is not None
            and fault.confirmed <= event.time <= fault.healed
            for event in record.ended
        )
    )
    return FaultResult(
        name=fault.name,
        type=fault.type,
        sentence=fault.sentence,
        asked=since(fault.asked),
        confirmed=since(fault.confirmed),
        healed=since(fault.healed),
        verified=since(fault.verified),
        readings=fault.readings,
        accepted_meanwhile=accepted,
        problem=fault.problem,
    )


def recovery_seconds(account: Account) -> float | None:
    """Return how long the backlog outlived the last heal, None if it never went.

    From the last verified heal to the end of the last job that was asked for before
    it. None also where there was no fault, or one was never verified.
    """
    healed = account.healed
    if healed is None:
        return None
    last = healed
    for record in account.jobs:
        if not any(event.time <= healed for event in record.begun) or not record.rows:
            continue
        if not record.terminal:
            return None
        last = max(last, record.ended_at or healed)
    return round(last - healed, 3)


def books_sentence(account: Account) -> str:
    """Say in one line where all jobs went."""
    books = account.books
    parts: Mapping[str, int] = {
        "done once": books.once,
        "more than once": books.more_than_once,
        "dead-lettered": books.dead_lettered,
        "lost": books.lost,
        "stuck": books.stuck,
        "refused": books.refused,
        "vanished": books.vanished,
    }
    said = ", ".join(f"{count} {name}" for name, count in parts.items() if count)
    return f"{books.asked} jobs asked for: {said or 'none'}"
