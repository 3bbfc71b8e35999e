"""A cell's third chart: how long each job took, by when it was asked for.

It exists because a made-up latency for a job that never ended would draw a slope where
there is none: such jobs have a lane of their own on top. Harmed jobs are links.
"""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from harness.report import svg
from harness.report.frames import LEFT, Chart, Key, axes, chart, counted, ground
from harness.report.palette import MARKS
from harness.report.results import FaultResult
from harness.report.scene import Dot, Scene
from harness.report.svg import Scale

_NEVER = 22  # the height of the lane for jobs that never ended


def draw(
    id_: str,
    faults: Sequence[FaultResult],
    scene: Scene,
    x: Scale,
    links: Mapping[str, str],
    *,
    coarse: bool,
) -> Chart:
    """Draw the jobs as dots and marks; `links` are the fragments of those told of."""
    took = [dot.took for dot in scene.dots if dot.took is not None]
    slowest = max(took, default=1.0)
    high = next((top for top in (1, 10, 100) if slowest <= top), 1000)
    y = Scale(low=0.01, high=high, start=190, stop=12 + _NEVER, log=True)
    never = 4 + _NEVER / 2
    parts = ground(faults, x, y, top=2)
    width = x.stop - LEFT
    parts.append(
        svg.filled(
            "rect", "panel", x=LEFT, y=2, width=width, height=_NEVER, opacity=0.6
        )
    )
    parts.append(svg.text("never", LEFT - 8, never + 4, anchor="end", colour="text"))

    def place(dot: Dot) -> tuple[float, float]:
        return x(dot.asked), never if dot.took is None else y(dot.took)

    plain = [place(dot) for dot in scene.dots if dot.mark == "ok"]
    data = svg.dots(plain, grid=2 if coarse else 1)
    parts.append(svg.stroked(data, "ok", width=4, stroke_linecap="round"))
    for kind in list(MARKS)[1:]:
        marked = [dot for dot in scene.dots if dot.mark == kind]
        parts += _marks(kind, marked, place, x, links)
    there = [kind for kind in MARKS if any(dot.mark == kind for dot in scene.dots)]
    return chart(
        id_,
        "Latency by when the job was asked for",
        _said(took, endless=len(scene.dots) - len(took)),
        x,
        210,
        [*parts, *axes(x, y, whole=False)],
        (Key(colour=kind, mark=kind, words=MARKS[kind]) for kind in there),
        links=True,
    )


def _said(took: Sequence[float], *, endless: int) -> str:
    ended = f"{counted(len(took), 'job')} ended"
    if took:
        middle = sorted(took)[len(took) // 2]
        ended += f", half of them within {middle:.2f} s, all within {max(took):.1f} s"
    return f"{ended}; {endless:,} never ended."


def _marks(
    kind: str,
    found: Sequence[Dot],
    place: Callable[[Dot], tuple[float, float]],
    x: Scale,
    links: Mapping[str, str],
) -> list[Markup]:
    """Draw marks: those with a story are links, all others one path."""
    told = [dot for dot in found if dot.key in links]
    untold = {svg.mark(kind, *place(dot)) for dot in found if dot.key not in links}
    parts = [svg.filled("path", kind, d="".join(sorted(untold)))] if untold else []
    for dot in told:
        across, down = place(dot)
        ended = (
            f"ended after {dot.took:.2f} s" if dot.took is not None else "never ended"
        )
        said = f"{dot.key}: asked for at {dot.asked:.2f} s, {ended}"
        parts.append(
            svg.element(
                "a",
                svg.element("title", said),
                _life(dot, x, across, down),
                svg.filled("path", kind, d=svg.mark(kind, across, down)),
                href=f"#{links[dot.key]}",
            )
        )
    return parts


def _life(dot: Dot, x: Scale, across: float, down: float) -> Markup:
    """Draw a job from its asking to its end, for who points at it.

    A job that is asked for before a fault can be harmed by it.
    """
    end = x.stop if dot.took is None else x(dot.asked + dot.took)
    data = f"M{across:.0f} {down:.0f}H{end:.0f}"
    return svg.element("path", class_="life", d=data, opacity=0)
