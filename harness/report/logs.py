"""What the containers wrote while a fault was on: a few lines each, to be folded.

It exists because a reader who doubts a verdict looks into the logs next, and should
find the right minute. The whole logs stay in the run's folder.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.report.results import CellResult

LINES = 12
LINE_LENGTH = 220
_AROUND_SECONDS = 1.0

_TROUBLE = re.compile(
    r"error|warn|critical|fatal|traceback|exception|clos|lost|refus|kill|eof",
    re.IGNORECASE,
)
_NOISE = re.compile(r'"level":"(debug|trace)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Some of the `of` lines of one log; its `path` is under the run's folder."""

    path: str
    lines: tuple[str, ...]
    of: int


def excerpts(
    folder: Path, cell: CellResult, *, wall: float, lanes: Sequence[str]
) -> tuple[Excerpt, ...]:
    """Return what each container wrote around the faults of a cell.

    `wall` is seconds since the epoch when the cell began. Of the services' logs, lines
    that name another of the `lanes` are left out. Lines that sound like trouble go
    before all others.
    """
    asked = [fault.asked for fault in cell.faults if fault.asked is not None]
    if not asked:
        return ()
    ends = [fault.verified for fault in cell.faults if fault.verified is not None]
    begin = wall + min(asked) - _AROUND_SECONDS
    end = wall + max(ends, default=cell.seconds or 0.0) + _AROUND_SECONDS
    others = [each for each in lanes if each != cell.lane]
    own = (folder / cell.scenario / cell.lane).glob("*.log")
    shared = (folder / cell.scenario / "services").glob("*.log")
    found = []
    for path, foreign in (
        *((p, ()) for p in sorted(own)),
        *((p, others) for p in sorted(shared)),
    ):
        lines = list(_between(path, _stamp(begin), _stamp(end), foreign))
        if lines:
            loud = [line for line in lines if _TROUBLE.search(line)]
            found.append(
                Excerpt(
                    path=path.relative_to(folder).as_posix(),
                    lines=tuple((loud or lines)[:LINES]),
                    of=len(lines),
                )
            )
    return tuple(found)


def _stamp(seconds: float) -> str:
    """Return a time as the engine stamps each line, but for the last digits."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _between(path: Path, begin: str, end: str, foreign: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a log between two stamps, without noise and other lanes."""
    named = "|".join(rf"['\"]{_as_logged(name)}['\".]" for name in foreign)
    others = re.compile(named or "(?!)")
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if begin <= line[:26] <= end:
                stamp, _, said = line.rstrip("\n").partition(" ")
                if not _NOISE.search(said) and not others.search(said):
                    yield f"{stamp[11:23]} {said}"[:LINE_LENGTH]


def _as_logged(lane: str) -> str:
    """Return how services are told of a lane, who do not take every character."""
    return re.sub(r"\W", ".", lane)
