"""SVG by hand: elements, scales, axes, steps, areas and dots. Text in, text out.

It exists because a chart written on the server needs no script, no network and no
library in the reader's browser, prints as vectors and can be compared as text
(`reporting.md` §3). Colours stand in presentation attributes, for pages whose styles
are forbidden; classes of the same name let CSS change them.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from harness.report.palette import LIGHT

Points = Sequence[tuple[float, float]]


def element(name: str, *children: str, **attributes: str | float) -> Markup:
    """Return one element; children that are no Markup are escaped.

    An attribute's underscores become hyphens, one at its end is dropped (`class_`).
    """
    said = Markup("").join(
        Markup(' {}="{}"').format(_hyphened(key), _said(value))
        for key, value in attributes.items()
    )
    inside = Markup("").join(escape(child) for child in children)
    if not inside:
        return Markup("<{}{}/>").format(name, said)
    return Markup("<{0}{1}>{2}</{0}>").format(name, said, inside)


def _hyphened(key: str) -> str:
    return key.strip("_").replace("_", "-")


def _said(value: str | float) -> str:
    return value if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """Return a coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def filled(
    name: str, colour: str, *, edge: str | None = None, **attributes: str | float
) -> Markup:
    """Return a shape filled with a colour of the palette, perhaps with an edge."""
    classes = f"f-{colour}"
    if edge is not None:
        classes += f" s-{edge}"
        attributes["stroke"] = LIGHT[edge]
    return element(name, class_=classes, fill=LIGHT[colour], **attributes)


def stroked(
    data: str, colour: str, *, width: float = 1, **attributes: str | float
) -> Markup:
    """Return a path drawn in a colour of the palette."""
    return element(
        "path",
        class_=f"s-{colour}",
        d=data,
        fill="none",
        stroke=LIGHT[colour],
        stroke_width=width,
        **attributes,
    )


def text(
    said: str, x: float, y: float, *, anchor: str = "start", colour: str = "soft"
) -> Markup:
    """Return a line of text with its baseline at y; `anchor` is start, middle, end."""
    return texts([(said, x, y)], anchor=anchor, colour=colour)


def texts(
    lines: Iterable[tuple[str, float, float]],
    *,
    anchor: str = "start",
    colour: str = "soft",
) -> Markup:
    """Return lines of text, each as (said, x, y): what they share is said once."""
    return element(
        "g",
        *(element("text", said, x=x, y=y) for said, x, y in lines),
        text_anchor=anchor,
        class_=f"f-{colour}",
        fill=LIGHT[colour],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to pixels, linear or by logarithm; what lies outside is clipped."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        share = (at - low) / (high - low) if high > low else 0.0
        return self.start + share * (self.stop - self.start)


def ticks(high: float, *, about: int) -> list[float]:
    """Return round values from 0 to `high`, some `about` of them."""
    if high <= 0:
        return [0]
    each = step(high, about=about)
    return [each * index for index in range(int(high / each + 1e-9) + 1)]


def step(span: float, *, about: int) -> float:
    """Return a round step (1, 2 or 5 times a power of ten) for `about` of them."""
    rough = span / about
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= rough)


def steps(points: Points, x: Scale, y: Scale, *, grid: int = 1) -> str:
    """Return the path of a step series: what it comes to in each column of pixels.

    A column is `grid` pixels wide. After its start the path moves by differences,
    which are shorter than places.
    """
    if not points:
        return ""
    columns = {round(x(at) / grid) * grid: round(y(height)) for at, height in points}
    (was_x, was_y), *later = columns.items()
    parts = [f"M{was_x} {was_y}"]
    for column, height in later:
        if height != was_y:
            parts.append(f"h{column - was_x}v{height - was_y}")
            was_x, was_y = column, height
    return "".join([*parts, f"h{round(x.stop) - was_x}"])


def area(points: Points, x: Scale, y: Scale, *, grid: int = 1) -> str:
    """Return the path of the area between a step series and zero."""
    line = steps(points, x, y, grid=grid)
    return f"{line}V{number(y(0))}H{x(points[0][0]):.0f}Z" if line else ""


def dots(points: Iterable[tuple[float, float]], *, grid: int = 1) -> str:
    """Return a path that draws a dot at each point where the stroke has round caps.

    Dots on the same place of a `grid` of pixels are drawn once. Relative moves are
    half as long as absolute ones.
    """
    places = sorted(
        {(round(x / grid) * grid, round(y / grid) * grid) for x, y in points}
    )
    parts = []
    was_x = was_y = 0
    for x, y in places:
        down = y - was_y
        parts.append(f"m{x - was_x}{'' if down < 0 else ' '}{down}h0")
        was_x, was_y = x, y
    return "".join(parts)


def mark(kind: str, x: float, y: float) -> str:
    """Return the path of one job's mark: a shape for each kind, not only a colour."""
    x, y = round(x), round(y)
    shapes = {
        "retried": f"M{x} {y - 5}l5 9h-10z",
        "repeated": f"M{x - 4} {y - 4}h8v8h-8z",
        "stuck": f"M{x} {y - 6}l6 6-6 6-6-6z",
        "lost": f"M{x - 5} {y - 3}l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z",
    }
    return shapes.get(kind, f"M{x - 2} {y}a2 2 0 1 0 4 0a2 2 0 1 0-4 0z")


def picture(
    parts: Sequence[str],
    *,
    width: float,
    height: float,
    links: bool = False,
    **attributes: str | float,
) -> Markup:
    """Return a whole picture; `aria_label` or `aria_labelledby` names it for listeners.

    For them an image has nothing inside: a picture with links is a group instead.
    """
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        height=height,
        role="group" if links else "img",
        font_size=12,
        font_family="system-ui, sans-serif",
        **attributes,
    )


def box(left: float, top: float, right: float, bottom: float) -> str:
    """Return the path of a rectangle: many of one colour need one element."""
    across, down = number(right - left), number(bottom - top)
    return f"M{number(left)} {number(top)}h{across}v{down}h-{across}z"
