"""Everything that is drawn from a run's results, each output by itself.

It exists so that drawing comes last and apart: an output that cannot be drawn says so
in its own place, in the form that its readers expect, and takes nothing else with it
(`reporting.md` §4.2). The page comes last, as the largest and the most likely to fail.
"""

import os
import traceback
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

from harness.errors import EvidenceNotWritten
from harness.report import badge, html, junit, summary
from harness.report.compare import Comparison
from harness.report.exhibits import exhibits
from harness.report.results import RunResult

PAGE = "index.html"

Renderer = Callable[[], str]


def draw(
    folder: Path,
    result: RunResult,
    comparison: Comparison | None = None,
    *,
    to_lie_at: Path,
    tell: Callable[[str], None],
) -> None:
    """Draw each output into the folder; `tell` hears of each that cannot be drawn.

    Raises EvidenceNotWritten.
    """
    for name, render in _renderers(folder, result, comparison, to_lie_at).items():
        try:
            text = render()
        except Exception as crash:  # noqa: BLE001 - drawing never changes a verdict, nor another drawing
            text = _instead(name, traceback.format_exc())
            tell(f"{name} could not be drawn: {crash!r}; the verdicts are not affected")
        write(folder / name, text.encode("utf-8", "replace"))


def _renderers(
    folder: Path, result: RunResult, comparison: Comparison | None, to_lie_at: Path
) -> Mapping[str, Renderer]:
    page = _from_here(to_lie_at / PAGE)
    return {
        "junit.xml": lambda: junit.render(result, page),
        "summary.md": lambda: summary.render(result, page),
        "badge.json": lambda: badge.endpoint(result),
        "badge.svg": lambda: badge.picture(result),
        PAGE: lambda: html.render(result, exhibits(folder, result), comparison),
    }


def _from_here(path: Path) -> str:
    """Return the path as CI services take it: from the folder of the job, if in it."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - `latest` stays `latest`
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _instead(name: str, trace: str) -> str:
    """Return what stands where drawing failed: never taken for a good run."""
    headline = f"Drawing {name} failed. The verdicts are in results.json."
    said = f"{headline}\n\n{trace}"
    match Path(name).suffix:
        case ".xml":
            return junit.not_drawn(headline, trace)
        case ".html":
            title = "<!doctype html><title>Drawing failed</title>"
            return f"{title}<pre>{escape(said)}</pre>\n"
        case ".json":
            return badge.not_drawn_endpoint()
        case ".svg":
            return badge.not_drawn()
    return said


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises EvidenceNotWritten."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise EvidenceNotWritten(
            f"cannot write {path}: {error.strerror}; make room or choose another folder"
        ) from error
