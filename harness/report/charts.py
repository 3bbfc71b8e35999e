"""A cell's pictures: its faults, and three charts under them, on one time axis.

They exist because some harm is seen at a glance and hard to say: jobs that pile up in a
state, rows that the database calls pending while no message stands for them, jobs that
got slow or never ended.
"""

from collections.abc import Mapping, Sequence

from harness.report import latency_chart, svg
from harness.report.frames import (
    LEFT,
    RIGHT,
    WIDTH,
    Chart,
    Key,
    axes,
    chart,
    counted,
    ground,
    time_axis,
)
from harness.report.results import CellResult, FaultResult, anchor
from harness.report.scene import LAYERS, Scene
from harness.report.svg import Scale
from harness.verdict import CellVerdict

# The width of a column of the step series, in pixels.
_FINE, _COARSE = 2, 4

NAMES: Mapping[str, str] = {
    "lost": "lost",
    "stuck": "stuck for ever",
    "repeated": "repeated",
    "queued": "pending",
    "ok": "started",
    "ended": "ended",
}


def draw(
    cell: CellResult, scene: Scene, links: Mapping[str, str], *, coarse: bool = False
) -> tuple[Chart, ...]:
    """Draw a cell; `links` are the fragments of the jobs that the page tells of.

    `coarse` draws unharmed jobs and lines on a coarser grid, to save room.
    """
    x = Scale(low=0, high=scene.until, start=LEFT, stop=WIDTH - RIGHT)
    id_ = anchor(cell.scenario, cell.lane)
    grid = _COARSE if coarse else _FINE
    charts = (
        _jobs(f"{id_}-jobs", cell.faults, scene, x, grid=grid),
        _backlog(f"{id_}-backlog", cell.faults, scene, x, grid=grid),
        latency_chart.draw(
            f"{id_}-latency", cell.faults, scene, x, links, coarse=coarse
        ),
    )
    return (_faults(f"{id_}-faults", cell, x), *charts) if cell.faults else charts


# A fault's times, by what lies between each and the next.
_STAGES = (
    ("repeated", "asked, not yet felt"),
    ("stuck", "confirmed: a probe felt it"),
    ("queued", "healed, not yet verified"),
)

# --- the faults ---------------------------------------------------------------


def _faults(id_: str, cell: CellResult, x: Scale) -> Chart:
    height = 40 * len(cell.faults)
    names = [
        (fault.name, LEFT, 40 * lane + 14) for lane, fault in enumerate(cell.faults)
    ]
    parts = [svg.texts(names, colour="text")]
    legend = []
    for nth, (colour, words) in enumerate(_STAGES):
        data = "".join(
            _stage(fault, nth, x, top=40 * lane + 20)
            for lane, fault in enumerate(cell.faults)
        )
        parts.append(svg.filled("path", colour, d=data))
        legend.append(Key(colour=colour, mark="area", words=words))
    recovered = _recovered(cell)
    if recovered is not None:
        at = x(recovered)
        parts.append(svg.stroked(f"M{at:.0f} 0V{height}", "retried", width=2))
        legend.append(Key(colour="retried", mark="line", words="the backlog is gone"))
    return chart(
        id_,
        "The faults",
        " ".join(_said(fault) for fault in cell.faults),
        x,
        height + 20,
        [*parts, *time_axis(x, height)],
        legend,
    )


def _stage(fault: FaultResult, nth: int, x: Scale, *, top: float) -> str:
    """Return the path of a fault between two of its times, "" if it never came to it.

    What never ended is drawn to the chart's end.
    """
    start, stop = (fault.asked, fault.confirmed, fault.healed, fault.verified)[
        nth : nth + 2
    ]
    if start is None:
        return ""
    left, right = x(start), x.stop if stop is None else x(stop)
    return svg.box(left, top, max(left + 2, right), top + 14)


def _said(fault: FaultResult) -> str:
    words = ("asked", "confirmed", "healed", "verified")
    times = (fault.asked, fault.confirmed, fault.healed, fault.verified)
    said = ", ".join(
        f"{word} at {time:.2f} s" if time is not None else f"never {word}"
        for word, time in zip(words, times, strict=True)
    )
    return f"{fault.name}: {said}."


def _recovered(cell: CellResult) -> float | None:
    """Return when the backlog was gone, in seconds since the cell began."""
    verified = [each.verified for each in cell.faults if each.verified is not None]
    if cell.recovery_seconds is None or cell.verdict is CellVerdict.NONE:
        return None
    return max(verified) + cell.recovery_seconds


# --- jobs by state ------------------------------------------------------------


def _jobs(
    id_: str, faults: Sequence[FaultResult], scene: Scene, x: Scale, *, grid: int
) -> Chart:
    present = [layer for layer in LAYERS if any(n for _, n in scene.layers[layer])]
    moments = sorted({time for layer in present for time, _ in scene.layers[layer]})
    stacked: list[tuple[str, list[tuple[float, float]]]] = []
    below = [0] * len(moments)
    for layer in present:
        below = [
            under + count
            for under, count in zip(
                below, _at(scene.layers[layer], moments), strict=True
            )
        ]
        stacked.append((layer, list(zip(moments, map(float, below), strict=True))))
    most = max(below, default=0)
    y = Scale(low=0, high=max(most, 1), start=170, stop=10)
    parts = ground(faults, x, y)
    for index, (layer, points) in enumerate(reversed(stacked)):
        data = svg.area(points, x, y, grid=grid)
        edge = None if index else "soft"
        parts.append(svg.filled("path", layer, edge=edge, d=data))
    ends = {layer: scene.layers[layer][-1][1] for layer in present}
    said = ", ".join(
        f"{count:,} {NAMES[layer]}" for layer, count in ends.items() if count
    )
    return chart(
        id_,
        "Jobs by state, harm at the bottom",
        f"At the end {said or 'no job'}.",
        x,
        190,
        [*parts, *axes(x, y, whole=True)],
        (
            Key(
                colour=layer, mark="area", words=f"{NAMES[layer]}: {count:,} at the end"
            )
            for layer, count in ends.items()
        ),
    )


def _at(series: Sequence[tuple[float, int]], moments: Sequence[float]) -> list[int]:
    """Return the series' value at each of the moments."""
    values, index, value = [], 0, 0
    for moment in moments:
        while index < len(series) and series[index][0] <= moment:
            value = series[index][1]
            index += 1
        values.append(value)
    return values


# --- rows against messages ----------------------------------------------------


def _backlog(
    id_: str, faults: Sequence[FaultResult], scene: Scene, x: Scale, *, grid: int
) -> Chart:
    pending = max((n for _, n in scene.pending), default=0)
    held = max((n for _, n in scene.held), default=0)
    y = Scale(low=0, high=max(pending, held, 1), start=120, stop=10)
    parts = ground(faults, x, y)
    unit = y(0) - y(1)
    for name, series, colour, dashes in (
        ("messages held", scene.held, "repeated", "none"),
        ("rows pending", scene.pending, "retried", "5 3"),
    ):
        parts.append(
            svg.stroked(
                svg.steps(series, x, y, grid=grid),
                colour,
                width=2,
                stroke_dasharray=dashes,
                data_name=name,
                data_zero=y(0),
                data_unit=f"{unit:.4f}",
            )
        )
    left = scene.pending[-1][1] if scene.pending else 0
    kept = scene.held[-1][1] if scene.held else 0
    return chart(
        id_,
        "Rows that are pending, messages that the broker holds",
        f"At most {counted(pending, 'row')} pending and"
        f" {counted(held, 'message')} held;"
        f" at the end {counted(left, 'row')} and {counted(kept, 'message')}."
        " Rows above messages are work that nothing will start.",
        x,
        140,
        [*parts, *axes(x, y, whole=True)],
        (
            Key(
                colour="retried", mark="dashes", words="rows the database calls pending"
            ),
            Key(colour="repeated", mark="line", words="messages the broker holds"),
        ),
    )
