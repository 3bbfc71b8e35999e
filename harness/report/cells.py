"""One history judged: folded, checked, weighed, and told.

It exists so that a cell is judged by one pure function of one history, and a scenario
by one function of its cells.
"""

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import msgspec

from harness.checkers import CHECKERS, NOBODY_CAN_PROMISE, Checker
from harness.earned import evidence, is_baseline
from harness.fates import Account, fold
from harness.history import Cell, HarnessFailed, History
from harness.report import measures, stories, telling
from harness.report.recovery import recovery
from harness.report.results import Accounting, CellResult, WorkResult
from harness.verdict import (
    CellVerdict,
    CrossCheck,
    Evidence,
    Judgement,
    Shown,
    Verdict,
    after_cross_check,
    crashed,
    cross_check,
    group,
    judge_cell,
    judge_guarantee,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A cell's result, with what the cross-check of its scenario needs.

    `cell` is None where the history does not begin with what was asked for.
    """

    result: CellResult
    cell: Cell | None = None
    shown: Shown | None = None


def judge_history(history: History, *, scenario: str, lane: str) -> Judged:
    """Judge one cell. Whatever the history lacks, the result says so."""
    try:
        return _judge(history, scenario=scenario, lane=lane)
    except Exception:  # noqa: BLE001 - a crash of ours must not become a verdict, nor hide others
        return Judged(
            result=without_verdict(
                scenario,
                lane,
                "judging this history crashed",
                harness_error=traceback.format_exc(),
            )
        )


def without_verdict(
    scenario: str, lane: str, *because: str, harness_error: str | None = None
) -> CellResult:
    """Return the result of a cell of which nothing can be known but its name."""
    return CellResult(
        scenario=scenario,
        design=lane,
        lane=lane,
        verdict=CellVerdict.NONE,
        because=because,
        harness_error=harness_error,
    )


def _judge(history: History, *, scenario: str, lane: str) -> Judged:
    broken = (history.broken,) if history.broken else ()
    if not history.events:
        because = broken or ("the history is empty",)
        return Judged(result=without_verdict(scenario, lane, *because))
    cells = history.of(Cell)
    if not cells:
        because = (*broken, "the history has no cell event: what was asked is unknown")
        return Judged(result=without_verdict(scenario, lane, *because))
    cell = cells[0]
    account = fold(history, cell)
    lacks = evidence(
        history,
        cell,
        faults=account.faults,
        work=account.work,
        unbalanced=account.unbalanced,
    )
    lacks = replace(
        lacks,
        missing=(*lacks.missing, *_mixed_up(cells, scenario=scenario, lane=lane)),
    )
    judgements = [_run(checker, account, lacks) for checker in CHECKERS]
    judged = {each.guarantee for each in judgements}
    judgements += [_unknown(name) for name in sorted(set(cell.promises) - judged)]
    failed = [event.because for event in history.of(HarnessFailed)]
    told = _tell(
        history,
        account,
        lacks,
        judgements,
        seconds=history.events[-1].time - cell.time,
        harness_error=failed[0] if failed else None,
    )
    return Judged(
        # Named by its folder, also where the history tells of another cell.
        result=msgspec.structs.replace(told, scenario=scenario, lane=lane),
        cell=cell,
        shown=Shown(
            design=cell.design,
            kinds=frozenset(
                kind
                for each in judgements
                for anomaly in (*each.anomalies, *each.excused)
                for kind in (anomaly.kind, f"{anomaly.kind}: {anomaly.cause}")
            ),
            complete=lacks.complete,
            in_doubt=frozenset(
                kind
                for checker, each in zip(CHECKERS, judgements, strict=False)
                if each.because
                for kind in checker.KINDS
            ),
        ),
    )


def _mixed_up(cells: Sequence[Cell], *, scenario: str, lane: str) -> Iterable[str]:
    """Say where the history is not the one that its folder says it is."""
    if any(each != cells[0] for each in cells[1:]):
        yield "the history holds more than one cell"
    if (cells[0].scenario, cells[0].lane) != (scenario, lane):
        yield f"the history is of {cells[0].scenario} × {cells[0].lane}"


def _run(checker: Checker, account: Account, lacks: Evidence) -> Judgement:
    """Run one checker; its crash is not knowing, and stops no other."""
    cell = account.cell
    promised = account.is_promised(checker.GUARANTEE)
    try:
        findings = tuple(checker.check(account))
    except Exception:  # noqa: BLE001 - a crashed checker is unknown, with its traceback
        return crashed(checker.GUARANTEE, traceback.format_exc(), promised=promised)
    return judge_guarantee(
        checker.GUARANTEE,
        findings,
        promised=promised,
        evidence=lacks,
        excuses=checker.GUARANTEE in NOBODY_CAN_PROMISE and not is_baseline(cell),
    )


def _unknown(guarantee: str) -> Judgement:
    return Judgement(
        guarantee=guarantee,
        verdict=Verdict.UNKNOWN,
        promised=True,
        because=(f"{guarantee} is promised, and there is no checker for it",),
    )


def _tell(
    history: History,
    account: Account,
    lacks: Evidence,
    judgements: Sequence[Judgement],
    *,
    seconds: float,
    harness_error: str | None,
) -> CellResult:
    cell = account.cell
    verdict = judge_cell(judgements, evidence=lacks)
    told = stories.tell(account, judgements)
    return CellResult(
        scenario=cell.scenario,
        design=cell.design,
        lane=cell.lane,
        verdict=verdict,
        because=tuple(_because(verdict, account, lacks, judgements)),
        guarantees={
            each.guarantee: telling.guarantee_result(each, cell) for each in judgements
        },
        accounting=Accounting(**asdict(account.books)),
        faults=tuple(telling.fault_result(each, account) for each in account.faults),
        recovery_seconds=telling.recovery_seconds(account),
        recovery=recovery(account),
        baseline=is_baseline(cell),
        harness_error=harness_error,
        claim=cell.claim,
        source=cell.source,
        design_source=cell.design_source,
        workload=cell.workload,
        command=cell.command,
        celery=cell.celery if cell.lane != cell.design else "",
        versions=cell.versions if cell.lane != cell.design else {},
        seconds=round(seconds, 3),
        work=WorkResult(
            operations=account.work.operations,
            accepted=account.work.accepted,
            finished=account.work.finished,
            indefinite=account.work.indefinite,
            in_window=dict(account.work.in_window),
        ),
        floors=cell.floors,
        measures=measures.measure(history, account),
        stories=told,
        survivors=stories.survivors(account, told),
    )


def _because(
    verdict: CellVerdict,
    account: Account,
    lacks: Evidence,
    judgements: Sequence[Judgement],
) -> Iterable[str]:
    """Say what gave the cell its verdict, the worst first."""
    if verdict is CellVerdict.NONE:
        yield from lacks.missing
        for each in judgements:
            yield from each.because
        return
    for promised, how in ((True, "is promised and broken"), (False, "is not kept")):
        for each in judgements:
            if each.promised is promised:
                for found in group(each.anomalies):
                    yield f"{each.guarantee} {how}: {telling.sentence(found)}"
    if verdict is CellVerdict.BROKE:
        yield from lacks.missing
    if verdict is CellVerdict.KEPT:
        yield telling.books_sentence(account)


def together(cells: Sequence[Judged]) -> tuple[CellResult, ...]:
    """Cross-check the cells of one scenario: did the fault harm its witnesses?

    Lanes of one Celery by themselves: what bites one version may spare another. A
    witness counts as run where it is among the lanes and left a readable history.
    """
    celeries = dict.fromkeys(c.cell.celery for c in cells if c.cell is not None)
    checks = {celery: _cross_check(cells, celery) for celery in celeries}
    results = []
    for each in cells:
        celery = each.cell.celery if each.cell is not None else next(iter(checks), "")
        check = checks.get(celery, CrossCheck(state=None))
        verdict = after_cross_check(each.result.verdict, check)
        because = each.result.because
        if check.fails and verdict is CellVerdict.NONE:
            kept = each.result.verdict is not CellVerdict.NONE
            because = (check.because,) if kept else (check.because, *because)
        results.append(
            msgspec.structs.replace(
                each.result,
                verdict=verdict,
                because=because,
                cross_check=check.because or check.state,
            )
        )
    return tuple(results)


def _cross_check(cells: Sequence[Judged], celery: str) -> CrossCheck:
    """Cross-check the cells of one Celery."""
    these = [c for c in cells if c.cell is not None and c.cell.celery == celery]
    named = [each.cell for each in these if each.cell is not None]
    lanes = {lane for cell in named for lane in cell.lanes}
    shown = {
        each.result.lane: each.shown
        for each in these
        if each.shown is not None and each.result.lane in lanes
    }
    bites_in = {version: yes for c in named for version, yes in c.bites_in.items()}
    if bites_in and celery not in bites_in:
        why = f"not cross-checked: the story says nothing of Celery {celery}"
        return CrossCheck(state="not cross-checked", because=why)
    return cross_check(
        {design: kinds for cell in named for design, kinds in cell.bites.items()},
        shown,
        spared=None if bites_in.get(celery, True) else celery,
    )
