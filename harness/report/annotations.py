"""Annotations for GitHub Actions: what broke, on the line that a developer can change.

It exists so that a broken promise stands in the pull request beside the design's
`PROMISES`. GitHub shows ten errors of a step and drops the others without a word: here
nine are told, worst first, and the tenth counts the rest (`reporting.md` §4.1).
"""

import re

from harness.report.front import worst_first
from harness.report.results import CellResult, RunResult
from harness.verdict import CellVerdict

TOLD = 9

# GitHub takes a value by these and no other escapes; % is escaped first.
_OF_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_OF_PROPERTY = {**_OF_DATA, ":": "%3A", ",": "%2C"}


def render(result: RunResult) -> tuple[str, ...]:
    """Return GitHub's workflow commands, one a line."""
    broken = worst_first(result.cells, CellVerdict.BROKE)
    lines = [_error(cell) for cell in broken[:TOLD]]
    if more := len(broken[TOLD:]):
        lines.append(command("error", f"and {more} more, see the report"))
    return tuple(lines)


def _error(cell: CellResult) -> str:
    said = f"{cell.scenario} × {cell.lane}: {'; '.join(cell.because)}"
    return command("error", said, title="Broke its promise", **_place(cell))


def _place(cell: CellResult) -> dict[str, str]:
    """Return file and line of the design's PROMISES, as far as the evidence knows."""
    file, colon, line = cell.design_source.rpartition(":")
    if colon and line.isdigit():
        return {"file": file, "line": line}
    return {"file": cell.design_source} if cell.design_source else {}


def command(name: str, said: str, **properties: str) -> str:
    """Return a workflow command, which is a line of its own whatever it says."""
    given = ",".join(
        f"{key}={_escaped(value, _OF_PROPERTY)}" for key, value in properties.items()
    )
    return f"::{name}{' ' if given else ''}{given}::{_escaped(said, _OF_DATA)}"


def _escaped(text: str, by: dict[str, str]) -> str:
    return re.sub("|".join(by), lambda found: by[found[0]], text)
