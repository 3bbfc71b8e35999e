"""The pages of cells: what was harmed and why, the numbers, the pictures.

They exist so that what a page says is made of plain values before a template lays it
out, and a test can read it.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.report import causes, charts
from harness.report.causes import Confidence
from harness.report.detail import Detail
from harness.report.exhibits import Exhibit, Exhibits
from harness.report.frames import Chart
from harness.report.front import limit_of, misses_its_limit, seen, worst_first
from harness.report.job_pages import Ids
from harness.report.logs import Excerpt
from harness.report.results import (
    Accounting,
    AnomalyResult,
    CauseResult,
    CellResult,
    GuaranteeResult,
    RunResult,
    anchor,
)
from harness.verdict import CellVerdict

KEYS = 50
_LIBRARIES = ("celery", "kombu", "amqp", "billiard", "vine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Some of a cause's jobs, alike in all that was seen: the first of them, linked."""

    seen: CauseResult
    jobs: tuple[tuple[str, str | None], ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """All anomalies of one kind with one cause, in a sentence."""

    sentence: str
    guarantee: str
    kind: str
    name: str
    confidence: Confidence
    promised: bool
    excused: bool
    members: tuple[Members, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number of a cell beside what it is held against, `fails` if it misses it."""

    name: str
    value: str
    limit: str = ""
    fails: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPage:
    """All that a cell's page shows beside the cell itself.

    `previous` and `next` are the neighbours among the cells with findings, `beside`
    the other lanes' cells of the scenario. `command` runs this cell alone. `libraries`
    are Celery and what it stands on, where a version was asked for.
    """

    id: str
    cell: CellResult
    title: str
    causes: tuple[Cause, ...]
    balances: bool
    measured: tuple[Measured, ...]
    charts: tuple[Chart, ...]
    logs: tuple[Excerpt, ...]
    problem: str | None
    previous: CellResult | None
    next: CellResult | None
    beside: tuple[CellResult, ...]
    untold: int
    command: str
    libraries: tuple[str, ...]


def cell_pages(
    result: RunResult, ids: Ids, exhibits: Exhibits, detail: Detail
) -> list[CellPage]:
    """Return the page of every cell, in the order of results.json."""
    findings = [
        cell
        for verdict in (CellVerdict.BROKE, CellVerdict.NONE, CellVerdict.WEAKNESS)
        for cell in worst_first(result.cells, verdict)
    ]
    pages = []
    for cell in result.cells:
        exhibit = exhibits.get((cell.scenario, cell.lane), Exhibit())
        links = {
            story.key: ids[cell.scenario, cell.lane, story.key]
            for story in cell.stories
            if (cell.scenario, cell.lane, story.key) in ids
        }
        place = findings.index(cell) if cell in findings else None
        pages.append(
            CellPage(
                id=anchor(cell.scenario, cell.lane),
                cell=cell,
                title=_title(cell),
                causes=tuple(_causes(cell, links)),
                balances=_balances(cell.accounting),
                measured=tuple(_measured(cell)),
                charts=_charts(cell, exhibit, links, detail),
                logs=exhibit.logs if cell.verdict in detail.logs else (),
                problem=exhibit.problem,
                previous=findings[place - 1] if place else None,
                next=_after(findings, place),
                beside=tuple(
                    other
                    for other in result.cells
                    if other.scenario == cell.scenario and other.lane != cell.lane
                ),
                untold=len(cell.stories) - len(links),
                command=command(cell, result.run.seed),
                libraries=tuple(
                    f"{name} {cell.versions[name]}"
                    for name in _LIBRARIES
                    if name in cell.versions
                ),
            )
        )
    return pages


def command(cell: CellResult, seed: int) -> str:
    """Return what runs this cell again, alone.

    A cell that pytest did not run is run again with the run that it belongs to.
    """
    if not cell.source or not cell.command.startswith("pytest "):
        return cell.command
    words = ["pytest", cell.source, "--designs", cell.design]
    words += ["--celery", cell.celery] if cell.celery else []
    return shlex.join([*words, "--seed", str(seed)])


def _balances(books: Accounting) -> bool:
    """Say whether every job that was to end has one fate, and no other has."""
    ended = (
        books.once
        + books.more_than_once
        + books.dead_lettered
        + books.lost
        + books.stuck
    )
    owed = books.accepted + books.recovered
    return ended == owed and books.asked == owed + books.refused + books.vanished


def _after(findings: Sequence[CellResult], place: int | None) -> CellResult | None:
    index = 0 if place is None else place + 1
    return findings[index] if index < len(findings) else None


def _title(cell: CellResult) -> str:
    """Say verdict, scenario, lane and counts in one line."""
    name = f"{cell.scenario} × {cell.lane}"
    match cell.verdict:
        case CellVerdict.NONE:
            return f"{name} has no verdict"
        case CellVerdict.KEPT:
            return f"{name} kept every promise, no harm seen"
        case CellVerdict.BROKE:
            return f"{name} broke a promise: {seen(cell, promised=True, at_most=3)}"
        case CellVerdict.WEAKNESS:
            return f"{name} kept its promises, with harm: {seen(cell, at_most=3)}"


def _causes(cell: CellResult, links: Mapping[str, str]) -> list[Cause]:
    """Gather the causes: of what is promised first, what a fault explains last."""
    found = [
        each
        for name, guarantee in cell.guarantees.items()
        for excused in (False, True)
        for anomaly in (guarantee.excused if excused else guarantee.anomalies)
        for each in _causes_of(name, guarantee, anomaly, links, excused=excused)
    ]
    return sorted(found, key=lambda each: (each.excused, not each.promised))


def _causes_of(
    name: str,
    guarantee: GuaranteeResult,
    anomaly: AnomalyResult,
    links: Mapping[str, str],
    *,
    excused: bool,
) -> Iterable[Cause]:
    alike: dict[tuple[str, str], list[CauseResult]] = {}
    for each in anomaly.causes:
        alike.setdefault((each.cause, each.proven), []).append(each)
    for (cause, _), group in alike.items():
        yield Cause(
            sentence=causes.sentence_of_all(anomaly.kind, group),
            guarantee=name,
            kind=anomaly.kind,
            name=cause,
            confidence=causes.confidence(anomaly.kind, group[0]),
            promised=guarantee.judged_as_promised,
            excused=excused,
            members=tuple(_members(each, links) for each in group),
        )


def _members(cause: CauseResult, links: Mapping[str, str]) -> Members:
    # Jobs that have a page go first: a reader wants to click.
    jobs = sorted(cause.jobs, key=lambda key: key not in links)[:KEYS]
    return Members(
        seen=cause,
        jobs=tuple((key, links.get(key)) for key in jobs),
        more=len(cause.jobs) - len(jobs),
    )


def _charts(
    cell: CellResult, exhibit: Exhibit, links: Mapping[str, str], detail: Detail
) -> tuple[Chart, ...]:
    if exhibit.scene is None or cell.verdict not in detail.charts:
        return ()
    return charts.draw(cell, exhibit.scene, links, coarse=detail.coarse)


def _measured(cell: CellResult) -> Iterable[Measured]:
    """Yield a cell's numbers beside their limits; without a verdict, only the work."""
    work, floors = cell.work, cell.floors
    if cell.verdict is not CellVerdict.NONE:
        yield from _felt(cell)
    for name, count, floor in (
        ("operations", work.operations, floors.operations),
        ("jobs accepted", work.accepted, floors.accepted),
        ("jobs finished", work.finished, floors.finished),
        *(
            (f"operations and attempts while {fault} was on", n, floors.fault_window)
            for fault, n in work.in_window.items()
        ),
    ):
        yield Measured(
            name=name,
            value=f"{count:,}",
            limit=f"at least {floor:,}",
            fails=count < floor,
        )
    share = floors.baseline_indefinite_share
    most = share * work.operations if cell.baseline else None
    yield Measured(
        name="operations with unknown end",
        value=f"{work.indefinite:,}",
        limit="" if most is None else f"at most {share:.0%} of the operations",
        fails=most is not None and work.indefinite > most,
    )
    error = cell.measures.clock_error_seconds
    if error is not None:
        yield Measured(
            name="how far clocks may be apart", value=f"{1000 * error:.0f} ms"
        )


def _came_back(cell: CellResult) -> Iterable[Measured]:
    back = cell.recovery
    if back is None:
        return
    for name, seconds in (
        ("from the verified heal to the first job done", back.first_success_seconds),
        ("until no job waited longer than usual", back.normal_wait_seconds),
        ("95 % of answers while a fault was on", back.api_p95_during),
        ("slowest answer while a fault was on", back.api_slowest_during),
    ):
        if seconds is not None:
            yield Measured(name=name, value=f"{seconds:.1f} s")
    if back.dip is not None:
        yield Measured(name="work that fell away at worst", value=f"{back.dip:.0%}")


def _felt(cell: CellResult) -> Iterable[Measured]:
    measures = cell.measures
    if cell.faults:
        took = cell.recovery_seconds
        yield Measured(
            name="recovery, from the verified heal until the backlog is gone",
            value="never" if took is None else f"{took:.1f} s",
            limit=limit_of(cell),
            fails=misses_its_limit(cell),
        )
    yield from _came_back(cell)
    for name, value in (
        ("before the fault", measures.latency_p95_before),
        ("during the fault", measures.latency_p95_during),
        ("after the fault", measures.latency_p95_after),
    ):
        when = f" of jobs asked for {name}" if cell.faults else ""
        if value is not None:
            yield Measured(name=f"95 % latency{when}", value=f"{value:.2f} s")
    yield Measured(name="messages delivered again", value=f"{measures.redeliveries:,}")
    if measures.deepest_backlog is not None:
        yield Measured(
            name="most messages that the broker held at a time",
            value=f"{measures.deepest_backlog:,}",
        )
