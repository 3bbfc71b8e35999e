"""What all charts of a cell have in common: the frame, the time axis, the legend.

It exists so that they stand below each other with the same seconds at the same place,
and each is named for those who cannot see it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import svg
from harness.report.palette import LIGHT, MARKS
from harness.report.results import FaultResult
from harness.report.svg import Scale

WIDTH = 960
LEFT = 64
RIGHT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a chart's legend: its colour, its mark or "", and its words."""

    colour: str
    mark: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One picture with its title, what it says in words, and its legend."""

    title: str
    sentence: str
    picture: Markup
    legend: tuple[Key, ...] = ()


def chart(
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
        name=f"{title}: {sentence}",
        links=links,
        data_from=x.start,
        data_to=x.stop,
        data_seconds=f"{x.high:.3f}",
    )
    return Chart(title=title, sentence=sentence, picture=drawn, legend=tuple(legend))


def ground(
    faults: Sequence[FaultResult], x: Scale, y: Scale, *, top: float | None = None
) -> list[Markup]:
    """Shade where a fault was on."""
    top = y.stop if top is None else top
    parts = []
    for fault in faults:
        if fault.confirmed is not None:
            left = x(fault.confirmed)
            right = x.stop if fault.healed is None else x(fault.healed)
            parts.append(
                svg.filled(
                    "rect",
                    "shade",
                    x=left,
                    y=top,
                    width=max(1.0, right - left),
                    height=y.start - top,
                )
            )
    return parts


def axes(x: Scale, y: Scale, *, whole: bool) -> list[Markup]:
    """Draw lines and values: at whole numbers, or at powers of ten seconds."""
    if whole:
        values = [value for value in svg.ticks(y.high, about=4) if value == int(value)]
        named = [(value, f"{value:.0f}") for value in values]
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


def swatch(key: Key) -> Markup:
    """Draw a legend's mark."""
    if key.mark in MARKS and key.mark != "ok":
        shape = svg.filled("path", key.colour, d=svg.mark(key.mark, 7, 7))
    elif key.mark == "ok":
        shape = svg.filled("circle", key.colour, cx=7, cy=7, r=3)
    elif key.mark == "-":
        shape = svg.stroked("M0 7h14", key.colour, width=3, stroke_dasharray="5 3")
    elif key.mark == "|":
        shape = svg.stroked("M0 7h14", key.colour, width=3)
    else:
        shape = svg.filled(
            "rect", key.colour, x=1, y=1, width=12, height=12, stroke=LIGHT["soft"]
        )
    return svg.element(
        "svg", shape, viewBox="0 0 14 14", width=14, height=14, aria_hidden="true"
    )
