"""A job's events in swim-lanes, to scale: who did what when.

It exists because a table of times hides the gaps, and in the gaps the jobs are lost.
The dots carry the numbers of the table's rows.
"""

from collections.abc import Sequence

from markupsafe import Markup

from harness.report import svg
from harness.report.results import EventLine, FaultResult
from harness.report.svg import Scale

WIDTH = 960
_LEFT = 150
_FINAL = 110  # the width of the last column: what the final read found
_LANE = 34
_TOP = 18

# What is not of the moment but of the final read, whenever that came.
FINAL_KINDS = frozenset(("row", "effect_seen", "owed", "result_seen", "api_seen"))
_ORDER = ("client", "API", "web", "database", "relay", "dead letters", "worker")


def draw(events: Sequence[EventLine], faults: Sequence[FaultResult]) -> Markup:
    """Draw the events of one job; empty where it has none."""
    if not events:
        return Markup("")
    # Python's sort is stable: processes of a kind stay in the order of their first act.
    lanes = sorted(dict.fromkeys(event.where for event in events), key=_rank)
    rows = {lane: _TOP + _LANE * index + _LANE / 2 for index, lane in enumerate(lanes)}
    moving = [event.seconds for event in events if event.kind not in FINAL_KINDS]
    first, last = min(moving, default=0.0), max(moving, default=0.0)
    room = max(last - first, 0.01) * 0.02
    x = Scale(low=first - room, high=last + room, start=_LEFT, stop=WIDTH - _FINAL - 10)
    bottom = _TOP + _LANE * len(lanes)
    parts = [*_shades(faults, x, bottom), *_lanes(rows)]
    parts += _final_column(bottom)
    for lane, y in rows.items():
        parts += _dots(events, lane, y, x)
    parts += _axis(x, bottom)
    return svg.picture(
        parts,
        width=WIDTH,
        height=bottom + 24,
        name=f"{len(events)} events in {len(lanes)} lanes: the table below lists them",
    )


def _rank(lane: str) -> int:
    """Put the client on top, then who hands the job over, the workers below."""
    known = (rank for rank, name in enumerate(_ORDER) if lane.startswith(name))
    return next(known, len(_ORDER))


def _shades(faults: Sequence[FaultResult], x: Scale, bottom: float) -> list[Markup]:
    parts: list[Markup] = []
    for fault in faults:
        if fault.confirmed is None:
            continue
        left = x(fault.confirmed)
        right = x(fault.healed) if fault.healed is not None else x.stop
        if right > left:
            parts += [
                svg.filled(
                    "rect",
                    "shade",
                    x=left,
                    y=_TOP,
                    width=right - left,
                    height=bottom - _TOP,
                ),
                svg.text(fault.name, left + 3, _TOP - 5),
            ]
    return parts


def _lanes(rows: dict[str, float]) -> list[Markup]:
    parts: list[Markup] = []
    for lane, y in rows.items():
        parts.append(svg.stroked(f"M{_LEFT} {y:.0f}H{WIDTH - 10}", "line"))
        parts.append(svg.text(lane, _LEFT - 10, y + 4, anchor="end", colour="text"))
    return parts


def _final_column(bottom: float) -> list[Markup]:
    left = WIDTH - _FINAL
    return [
        svg.filled(
            "rect", "panel", x=left, y=_TOP, width=_FINAL - 10, height=bottom - _TOP
        ),
        svg.text("at the end", left + (_FINAL - 10) / 2, bottom + 16, anchor="middle"),
    ]


def _dots(events: Sequence[EventLine], lane: str, y: float, x: Scale) -> list[Markup]:
    """Draw a lane's dots; numbers that would lie on each other become one label."""
    parts: list[Markup] = []
    labels: list[tuple[float, list[int]]] = []
    for number, event in enumerate(events, start=1):
        if event.where != lane:
            continue
        final = event.kind in FINAL_KINDS
        at = WIDTH - _FINAL / 2 - 5 if final else x(event.seconds)
        colour = "stuck" if event.proof else "retried"
        shape = svg.mark("stuck" if event.proof else "ok", at, y)
        parts.append(svg.filled("path", colour, d=shape))
        if labels and at - labels[-1][0] < 24:
            labels[-1][1].append(number)
        else:
            labels.append((at, [number]))
    for at, numbers in labels:
        said = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
        if len(numbers) > 1 and numbers[-1] - numbers[0] != len(numbers) - 1:
            said = ", ".join(map(str, numbers[:3])) + (" …" if len(numbers) > 3 else "")
        parts.append(svg.text(said, at - 3, y - 8, colour="text"))
    return parts


def _axis(x: Scale, bottom: float) -> list[Markup]:
    parts = [svg.stroked(f"M{_LEFT} {bottom + 0.5}H{x.stop:.0f}", "soft")]
    span = x.high - x.low
    for offset in svg.ticks(span, about=6):
        at = x(x.low + offset)
        parts.append(svg.stroked(f"M{at:.0f} {bottom}v4", "soft"))
        digits = 3 if span < 1 else 1
        said = f"{x.low + offset:.{digits}f} s"
        parts.append(svg.text(said, at, bottom + 16, anchor="middle"))
    return parts
