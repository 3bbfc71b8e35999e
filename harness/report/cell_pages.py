"""The pages of cells: what was harmed and why, the numbers, the pictures.

They exist so that what a page says is made of plain values before a template lays it
out, and a test can read it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.report import charts
from harness.report.exhibits import Exhibit, Exhibits
from harness.report.frames import Chart
from harness.report.front import limit_of, misses_its_limit, seen, worst_first
from harness.report.job_pages import Ids
from harness.report.logs import Excerpt
from harness.report.results import (
    AnomalyResult,
    CauseResult,
    CellResult,
    GuaranteeResult,
    RunResult,
    anchor,
)
from harness.verdict import CellVerdict

KEYS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One group of anomalies with one cause, and the first of its jobs."""

    guarantee: str
    kind: str
    cause: CauseResult
    promised: bool
    excused: bool
    jobs: tuple[tuple[str, str | None], ...]
    more: int


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

    `previous` and `next` are the neighbours among the cells with findings.
    """

    id: str
    cell: CellResult
    title: str
    causes: tuple[Cause, ...]
    measured: tuple[Measured, ...]
    charts: tuple[Chart, ...]
    logs: tuple[Excerpt, ...]
    problem: str | None
    previous: CellResult | None
    next: CellResult | None
    untold: int


def cell_pages(
    result: RunResult,
    ids: Ids,
    exhibits: Exhibits,
    *,
    coarse: bool,
    logs: bool,
) -> list[CellPage]:
    """Return the page of every cell, in the order of results.json."""
    findings = [
        cell
        for verdict in (CellVerdict.BROKE, CellVerdict.NONE, CellVerdict.WEAKNESS)
        for cell in worst_first(result.cells, verdict)
    ]
    pages = []
    for cell in result.cells:
        exhibit = exhibits.get((cell.scenario, cell.design), Exhibit())
        links = {
            story.key: ids[cell.scenario, cell.design, story.key]
            for story in cell.stories
            if (cell.scenario, cell.design, story.key) in ids
        }
        place = findings.index(cell) if cell in findings else None
        pages.append(
            CellPage(
                id=anchor(cell.scenario, cell.design),
                cell=cell,
                title=_title(cell),
                causes=tuple(_causes(cell, links)),
                measured=tuple(_measured(cell)),
                charts=_charts(cell, exhibit, links, coarse=coarse),
                logs=exhibit.logs if logs else (),
                problem=exhibit.problem,
                previous=findings[place - 1] if place else None,
                next=_after(findings, place),
                untold=len(cell.stories) - len(links),
            )
        )
    return pages


def _after(findings: Sequence[CellResult], place: int | None) -> CellResult | None:
    index = 0 if place is None else place + 1
    return findings[index] if index < len(findings) else None


def _title(cell: CellResult) -> str:
    """Say verdict, scenario, design and counts in one line."""
    name = f"{cell.scenario} × {cell.design}"
    match cell.verdict:
        case CellVerdict.NONE:
            return f"{name} has no verdict"
        case CellVerdict.KEPT:
            return f"{name} kept every promise, no harm seen"
        case CellVerdict.BROKE:
            return f"{name} broke a promise: {seen(cell, promised=True)}"
        case CellVerdict.WEAKNESS:
            return f"{name} kept its promises, with harm: {seen(cell)}"


def _causes(cell: CellResult, links: Mapping[str, str]) -> list[Cause]:
    """Gather the causes: of what is promised first, what a fault explains last."""
    found = [
        _cause(name, guarantee, anomaly, cause, links, excused=excused)
        for name, guarantee in cell.guarantees.items()
        for excused in (False, True)
        for anomaly in (guarantee.excused if excused else guarantee.anomalies)
        for cause in anomaly.causes
    ]
    return sorted(found, key=lambda each: (each.excused, not each.promised))


def _cause(
    name: str,
    guarantee: GuaranteeResult,
    anomaly: AnomalyResult,
    cause: CauseResult,
    links: Mapping[str, str],
    *,
    excused: bool,
) -> Cause:
    # Jobs that have a page go first: a reader wants to click.
    jobs = sorted(cause.jobs, key=lambda key: key not in links)[:KEYS]
    return Cause(
        guarantee=name,
        kind=anomaly.kind,
        cause=cause,
        promised=guarantee.judged_as_promised,
        excused=excused,
        jobs=tuple((key, links.get(key)) for key in jobs),
        more=len(cause.jobs) - len(jobs),
    )


def _charts(
    cell: CellResult, exhibit: Exhibit, links: Mapping[str, str], *, coarse: bool
) -> tuple[Chart, ...]:
    if exhibit.scene is None:
        return ()
    return charts.draw(cell, exhibit.scene, links, coarse=coarse)


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
            name=name, value=str(count), limit=f"at least {floor}", fails=count < floor
        )
    yield Measured(name="operations with unknown end", value=str(work.indefinite))


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
    yield Measured(name="messages delivered again", value=str(measures.redeliveries))
    if measures.deepest_backlog is not None:
        yield Measured(
            name="most messages that the broker held at a time",
            value=str(measures.deepest_backlog),
        )
