"""What a CI service gets beside the files of a run: a summary, annotations, an exit.

It exists so that a pipeline shows what a run found without a step of its own for it.
It runs when the reports are written, reads results.json, and fails nothing: what
cannot be announced is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from harness.report import annotations
from harness.report.evidence import results_of
from harness.report.results import RunResult
from harness.verdict import CellVerdict

NoVerdict = Literal["fail", "warn"]
NO_VERDICT: tuple[NoVerdict, ...] = ("fail", "warn")
NO_VERDICT_HELP = (
    "what a run comes to in which nothing broke and a cell has no verdict: fail "
    "(exit code 10, the default) or warn (0, and a loud line)"
)
_NO_VERDICT_CODE = 10


def exit_code(code: int, no_verdict: NoVerdict) -> int:
    """Return the exit code of a run that came to `code`, as `--no-verdict` wants it."""
    return 0 if code == _NO_VERDICT_CODE and no_verdict == "warn" else code


def announce(
    folder: Path, environment: Mapping[str, str], no_verdict: NoVerdict
) -> Sequence[str]:
    """Append the step summary where there is one; return the lines to be printed.

    On GitHub Actions these are annotations. Whatever fails in here is one of the lines.
    """
    on_github = environment.get("GITHUB_ACTIONS") == "true"
    lines: list[str] = []
    try:
        result = results_of(folder)
        if on_github:
            lines += annotations.render(result)
        if no_verdict == "warn":
            lines += _loudly(result, on_github=on_github)
    except Exception as crash:  # noqa: BLE001 - what is announced changes no verdict
        lines.append(f"the annotations could not be made: {crash!r}")
    if step_summary := environment.get("GITHUB_STEP_SUMMARY"):
        lines += _append(folder / "summary.md", Path(step_summary))
    return lines


def _loudly(result: RunResult, *, on_github: bool) -> Iterator[str]:
    """Say that a run passes although something in it is not known."""
    cells = [cell for cell in result.cells if cell.verdict is CellVerdict.NONE]
    if not cells or exit_code(result.exit_code, "warn") == result.exit_code:
        return
    named = ", ".join(f"{cell.scenario} × {cell.lane}" for cell in cells)
    said = f"NOT KNOWN, and passed by --no-verdict=warn: no verdict for {named}"
    yield annotations.command("warning", said) if on_github else f"WARNING: {said}"


def _append(summary: Path, step_summary: Path) -> Iterator[str]:
    try:
        with step_summary.open("a", encoding="utf-8") as file:
            file.write(summary.read_text(encoding="utf-8"))
    except OSError as error:
        yield f"the step summary {step_summary} could not be written: {error.strerror}"
