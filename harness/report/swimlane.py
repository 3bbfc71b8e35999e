"""A job's events in swim-lanes, to scale: who did what when.

It exists because a table of times hides the gaps, and in the gaps the jobs are lost.
The dots carry the numbers of the table's rows.
"""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from harness.report import svg
from harness.report.results import EventLine, FaultResult
from harness.report.svg import Scale

WIDTH = 960
_LEFT = 150
_FINAL = 110  # the width of the last column: what the final read found
_LANE = 34
_TOP = 18
_LINE, _LETTER = 14, 7  # what a line of text needs in height, a letter in width
_LINES = 3
_ROOM = 24  # what one number needs

# What is not of the moment but of the final read, whenever that came.
FINAL_KINDS = frozenset(("row", "effect_seen", "owed", "result_seen", "api_seen"))
_ORDER = ("client", "API", "web", "database", "relay", "dead letters", "worker")


def draw(events: Sequence[EventLine], faults: Sequence[FaultResult]) -> Markup:
    """Draw the events of one job; empty where it has none."""
    if not events:
        return Markup("")
    moving = [event.seconds for event in events if event.kind not in FINAL_KINDS]
    first, last = min(moving, default=0.0), max(moving, default=0.0)
    room = max(last - first, 0.01) * 0.02
    x = Scale(low=first - room, high=last + room, start=_LEFT, stop=WIDTH - _FINAL - 10)
    shades = [span for each in faults if (span := _shade(each, x)) is not None]
    names = _names(shades)
    top = _TOP + _LINE * max(0, len(names) - 1)
    # Python's sort is stable: processes of a kind stay in the order of their first act.
    lanes = sorted(dict.fromkeys(event.where for event in events), key=_rank)
    rows = {lane: top + _LANE * index + _LANE / 2 for index, lane in enumerate(lanes)}
    bottom = top + _LANE * len(lanes)
    parts = [
        *_shades(shades, names, top, bottom),
        *_lanes(rows),
        *_final_column(top, bottom),
        *_dots(events, rows, x),
        *_axis(x, bottom),
    ]
    return svg.picture(
        parts,
        width=WIDTH,
        height=bottom + 24,
        aria_label=f"{len(events)} events in {len(lanes)} lanes, listed in the table",
    )


def _rank(lane: str) -> int:
    """Put the client on top, then who hands the job over, the workers below."""
    known = (rank for rank, name in enumerate(_ORDER) if lane.startswith(name))
    return next(known, len(_ORDER))


def _shade(fault: FaultResult, x: Scale) -> tuple[str, float, float] | None:
    """Return a fault's name and its span in pixels, None where it lies outside."""
    if fault.confirmed is None:
        return None
    left = x(fault.confirmed)
    right = x.stop if fault.healed is None else x(fault.healed)
    return (fault.name, left, right) if right > left else None


def _names(shades: Sequence[tuple[str, float, float]]) -> list[list[tuple[str, float]]]:
    """Lay the faults' names out in lines above the lanes, none on another.

    Where many faults came one after the other, some have to do without: the cell's
    page names them all.
    """
    lines: list[list[tuple[str, float]]] = []
    free: list[float] = []
    for name, left, _ in sorted(shades, key=lambda shade: shade[1]):
        line = next((n for n, end in enumerate(free) if end <= left), len(lines))
        if line == _LINES:
            continue
        if line == len(lines):
            lines.append([])
            free.append(0)
        lines[line].append((name, left))
        free[line] = left + _LETTER * len(name)
    return lines


def _shades(
    shades: Sequence[tuple[str, float, float]],
    names: Sequence[Sequence[tuple[str, float]]],
    top: float,
    bottom: float,
) -> list[Markup]:
    if not shades:
        return []
    data = "".join(svg.box(left, top, right, bottom) for _, left, right in shades)
    said = [
        (name, round(left) + 3, _LINE * number - 1)
        for number, line in enumerate(names, start=1)
        for name, left in line
    ]
    return [svg.filled("path", "shade", d=data), svg.texts(said)]


def _lanes(rows: Mapping[str, float]) -> list[Markup]:
    lines = "".join(f"M{_LEFT} {y:.0f}H{WIDTH - 10}" for y in rows.values())
    names = [(lane, _LEFT - 10, y + 4) for lane, y in rows.items()]
    return [
        svg.stroked(lines, "line"),
        svg.texts(names, anchor="end", colour="text"),
    ]


def _final_column(top: float, bottom: float) -> list[Markup]:
    left, width = WIDTH - _FINAL, _FINAL - 10
    height = bottom - top
    return [
        svg.filled("rect", "panel", x=left, y=top, width=width, height=height),
        svg.text("at the end", left + width / 2, bottom + 16, anchor="middle"),
    ]


def _dots(
    events: Sequence[EventLine], rows: Mapping[str, float], x: Scale
) -> list[Markup]:
    """Draw all dots, those of the proof as diamonds, and their numbers above them."""
    plain: list[tuple[float, float]] = []
    proof: list[str] = []
    numbers: dict[str, list[tuple[float, list[int]]]] = {lane: [] for lane in rows}
    for number, event in enumerate(events, start=1):
        y = rows[event.where]
        final = event.kind in FINAL_KINDS
        at = WIDTH - _FINAL / 2 - 5 if final else x(event.seconds)
        if event.proof:
            proof.append(svg.mark("stuck", at, y))
        else:
            plain.append((at, y))
        labels = numbers[event.where]
        if labels and at - labels[-1][0] < _ROOM:
            labels[-1][1].append(number)
        else:
            labels.append((at, [number]))
    said = [
        (_numbers(found), round(at) - 3, rows[lane] - 8)
        for lane, labels in numbers.items()
        for at, found in labels
    ]
    parts = []
    if plain:
        dots = svg.dots(plain)
        parts.append(svg.stroked(dots, "retried", width=5, stroke_linecap="round"))
    if proof:
        parts.append(svg.filled("path", "stuck", d="".join(proof)))
    return [*parts, svg.texts(said, colour="text")]


def _numbers(found: Sequence[int]) -> str:
    """Name events whose numbers would lie on each other in one label."""
    first, last = found[0], found[-1]
    if len(found) == 1:
        return f"{first}"
    if last - first == len(found) - 1:
        return f"{first}–{last}"
    return ", ".join(map(str, found[:3])) + (" …" if len(found) > 3 else "")


def _axis(x: Scale, bottom: float) -> list[Markup]:
    span = x.high - x.low
    # Ticks stand at round seconds: the axis begins where the job does.
    step = svg.step(span, about=6)
    first = math.ceil(x.low / step)
    seconds = [n * step for n in range(first, math.floor(x.high / step) + 1)]
    digits = max(0, -math.floor(math.log10(step)))
    lines = f"M{_LEFT} {bottom:.0f}H{x.stop:.0f}"
    lines += "".join(f"M{x(each):.0f} {bottom:.0f}v4" for each in seconds)
    names = [(f"{each:.{digits}f} s", round(x(each)), bottom + 16) for each in seconds]
    return [svg.stroked(lines, "soft"), svg.texts(names, anchor="middle")]
