"""What all charts of a cell have in common: the frame, the time axis, the legend.

It exists so that they stand below each other with the same seconds at the same place,
and each is named for those who cannot see it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import svg
from harness.report.results import FaultResult
from harness.report.svg import Scale

WIDTH = 960
LEFT = 64
RIGHT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a chart's legend: its colour, its mark and its words.

    `mark` is one of `palette.MARKS`, "line", "dashes", or "area".
    """

    colour: str
    mark: str
    words: str

    @property
    def id(self) -> str:
        """Return the id of its picture, which is drawn once for all charts."""
        return f"key-{self.colour}-{self.mark}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One picture with its title, what it says in words, and its legend.

    `id` is that of the caption, which names the picture, too.
    """

    id: str
    title: str
    sentence: str
    picture: Markup
    legend: tuple[Key, ...] = ()


def counted(count: int, one: str) -> str:
    """Return "1 row", "2 rows"."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def chart(
    id_: str,
    title: str,
    sentence: str,
    x: Scale,
    height: float,
    parts: Sequence[Markup],
    legend: Iterable[Key],
    *,
    links: bool = False,
) -> Chart:
    """Frame a picture; the data attributes are what the cross-hair needs."""
    drawn = svg.picture(
        parts,
        width=WIDTH,
        height=height,
        aria_labelledby=id_,
        links=links,
        data_from=x.start,
        data_to=x.stop,
        data_seconds=f"{x.high:.3f}",
    )
    return Chart(
        id=id_, title=title, sentence=sentence, picture=drawn, legend=tuple(legend)
    )


def ground(
    faults: Sequence[FaultResult], x: Scale, y: Scale, *, top: float | None = None
) -> list[Markup]:
    """Shade where a fault was on."""
    top = y.stop if top is None else top
    data = ""
    for fault in faults:
        if fault.confirmed is not None:
            left = x(fault.confirmed)
            right = x.stop if fault.healed is None else x(fault.healed)
            data += svg.box(left, top, max(left + 1, right), y.start)
    return [svg.filled("path", "shade", d=data)] if data else []


def axes(x: Scale, y: Scale, *, whole: bool) -> list[Markup]:
    """Draw lines and values: at whole numbers, or at powers of ten seconds."""
    if whole:
        values = [value for value in svg.ticks(y.high, about=4) if value == int(value)]
        named = [(value, f"{value:,.0f}") for value in values]
    else:
        powers = ((0.01, "10 ms"), (0.1, "100 ms"), (1, "1 s"), (10, "10 s"))
        more = ((100, "100 s"), (1000, "1000 s"))
        named = [each for each in (*powers, *more) if each[0] <= y.high]
    lines = "".join(f"M{LEFT} {round(y(at))}H{x.stop:.0f}" for at, _ in named)
    names = [(said, LEFT - 8, round(y(at)) + 4) for at, said in named]
    return [
        svg.stroked(lines, "line", opacity=0.7),
        svg.texts(names, anchor="end"),
        *time_axis(x, y.start),
    ]


def time_axis(x: Scale, top: float) -> list[Markup]:
    """Draw the seconds under a chart whose ground is at `top`."""
    seconds = svg.ticks(x.high, about=8)
    lines = f"M{LEFT} {top:.0f}H{x.stop:.0f}"
    lines += "".join(f"M{x(each):.0f} {top:.0f}v4" for each in seconds)
    names = [(f"{each:g} s", round(x(each)), top + 16) for each in seconds]
    return [svg.stroked(lines, "soft"), svg.texts(names, anchor="middle")]


def swatches(charts: Iterable[Chart]) -> Markup:
    """Draw the marks of all legends, once each, for the legends to point at."""
    keys = {key.id: key for chart in charts for key in chart.legend}
    symbols = [svg.element("g", _mark(key), id=key.id) for key in keys.values()]
    return svg.element(
        "svg", svg.element("defs", *symbols), width=0, height=0, aria_hidden="true"
    )


def _mark(key: Key) -> Markup:
    match key.mark:
        case "ok":
            return svg.filled("circle", key.colour, cx=7, cy=7, r=3)
        case "dashes":
            return svg.stroked("M0 7h14", key.colour, width=3, stroke_dasharray="5 3")
        case "line":
            return svg.stroked("M0 7h14", key.colour, width=3)
        case "area":
            return svg.filled(
                "rect", key.colour, edge="soft", x=1, y=1, width=12, height=12
            )
    return svg.filled("path", key.colour, d=svg.mark(key.mark, 7, 7))
