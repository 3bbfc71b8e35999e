"""A run's folder: read, judged, and given its results and its report.

It exists so that a run can be judged and drawn again from its folder alone, next year,
without a container engine. The verdict comes first and drawing last: what a renderer
does never changes results.json or the exit code.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

import msgspec

from harness.errors import EvidenceNotWritten, UsageError
from harness.history import NotRun, RunFacts, read
from harness.report import html, junit, results, summary
from harness.report.cells import Judged, judge_history, together, without_verdict
from harness.report.compare import Comparison, compare
from harness.report.exhibits import exhibits
from harness.report.results import CellResult, RunPart, RunResult

HISTORY = "history.jsonl"

Renderer = Callable[[RunResult], str]
RENDERERS: Mapping[str, Renderer] = {
    "junit.xml": junit.render,
    "summary.md": summary.render,
}


def judge_run(folder: Path) -> int:
    """Judge the run in `folder`, write results and report, return the exit code.

    Raises UsageError where there is no such folder, and EvidenceNotWritten where
    the results cannot be written.
    """
    result = judge_cells(folder)
    write(folder / "results.json", results.encode(result))
    _draw(folder, result)
    return result.exit_code


def render_run(folder: Path, *, against: Path | None = None) -> None:
    """Draw the report again from results.json; judge first where there is none.

    `against` is the folder of an earlier run: what is new since then is marked.
    """
    before = results_of(against) if against is not None else None
    result = results_of(folder)
    _draw(folder, result, compare(before, result) if before is not None else None)


def results_of(folder: Path) -> RunResult:
    """Return a run's results; judge the run where it has none. Raises UsageError."""
    path = folder / "results.json"
    if not path.exists():
        judge_run(folder)
    try:
        return results.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{path} cannot be read ({error}); run `harness judge {folder}` first"
        ) from error


def judge_scenario(folder: Path, scenario: str) -> list[CellResult]:
    """Judge the cells of one scenario of the run in `folder`, and write nothing."""
    designs = sorted(each for name, each in _histories(folder) if name == scenario)
    return list(together([_judge_file(folder, scenario, each) for each in designs]))


def judge_cells(folder: Path) -> RunResult:
    """Judge every history under `folder`: pure reading, the same each time."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not the folder of a run")
    facts, problem = _facts(folder)
    found = _histories(folder)
    asked = tuple(facts.cells) if facts else ()
    order = tuple(dict.fromkeys((*asked, *sorted(found))))
    judged: list[Judged] = []
    results_of: dict[tuple[str, str], CellResult] = {}
    for scenario in dict.fromkeys(name for name, _ in order):
        cells = [
            _judge_file(folder, *each)
            for each in order
            if each in found and each[0] == scenario
        ]
        judged += cells
        for each in together(cells):
            results_of[scenario, each.design] = each
    not_run = _not_run(facts, [each for each in order if each not in results_of])
    named = {(each.scenario, each.design) for each in not_run}
    for scenario, design in order:
        if (scenario, design) not in named:
            results_of.setdefault(
                (scenario, design),
                without_verdict(scenario, design, "it was asked for, and left nothing"),
            )
    ordered = tuple(results_of[each] for each in order if each in results_of)
    run = _run_part(facts, problem, judged)
    return RunResult(
        schema_version=results.RESULTS_VERSION,
        run=run,
        headline=results.headline(run, ordered),
        exit_code=results.exit_code(run, ordered),
        cells=ordered,
        not_run=not_run,
    )


# --- reading ------------------------------------------------------------------


def _judge_file(folder: Path, scenario: str, design: str) -> Judged:
    path = folder / scenario / design / HISTORY
    try:
        history = read(path)
    except OSError as error:
        because = f"the history cannot be read: {error.strerror}"
        return Judged(result=without_verdict(scenario, design, because))
    return judge_history(history, scenario=scenario, design=design)


def _facts(folder: Path) -> tuple[RunFacts | None, str | None]:
    """Read run.json. A run folder made by hand may have none."""
    try:
        data = (folder / "run.json").read_bytes()
        return msgspec.json.decode(data, type=RunFacts), None
    except FileNotFoundError:
        return None, None
    except OSError as error:  # without its path: the same words wherever it lies
        return None, f"run.json cannot be read: {error.strerror}"
    except msgspec.DecodeError as error:
        return None, f"run.json cannot be read: {error}"


def _histories(folder: Path) -> set[tuple[str, str]]:
    """Return the (scenario, design) of every history in the folder."""
    paths = folder.glob(f"*/*/{HISTORY}")
    return {(path.parent.parent.name, path.parent.name) for path in paths}


def _not_run(
    facts: RunFacts | None, without: Sequence[tuple[str, str]]
) -> tuple[NotRun, ...]:
    """Name the cells without a history, and why. A cell that has one did run."""
    if facts is None:
        return ()
    said = {(each.scenario, each.design): each for each in facts.not_run}
    if facts.interrupted or facts.harness_error:
        why = "the run was interrupted" if facts.interrupted else "the harness failed"
        for scenario, design in without:
            missed = NotRun(scenario=scenario, design=design, because=why)
            said.setdefault((scenario, design), missed)
    asked = set(facts.cells)
    return tuple(said[each] for each in said if each in without or each not in asked)


def _run_part(
    facts: RunFacts | None,
    problem: str | None,
    judged: Sequence[Judged],
) -> RunPart:
    """Tell of the run; where run.json is missing, as its first history knows it."""
    cell = next((each.cell for each in judged if each.cell is not None), None)
    if facts is None:
        facts = RunFacts(
            id=cell.run if cell else "unknown",
            seed=cell.seed if cell else 0,
            started_at=cell.wall if cell else 0.0,
            command=cell.command if cell else "",
            versions=cell.versions if cell else {},
            scenarios=tuple(sorted({each.result.scenario for each in judged})),
            designs=tuple(sorted({each.result.design for each in judged})),
        )
    return RunPart(
        id=facts.id,
        seed=facts.seed,
        started_at=facts.started_at,
        seconds=facts.seconds,
        command=facts.command,
        versions=facts.versions,
        images=facts.images,
        host=facts.host,
        scenarios=facts.scenarios,
        designs=facts.designs,
        interrupted=facts.interrupted,
        harness_error=facts.harness_error or problem,
    )


# --- writing ------------------------------------------------------------------


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


def _draw(
    folder: Path, result: RunResult, comparison: Comparison | None = None
) -> None:
    """Draw each output by itself: one that crashes says so in its own place."""

    def page(result: RunResult) -> str:
        return html.render(result, exhibits(folder, result), comparison)

    for name, render in {**RENDERERS, "index.html": page}.items():
        try:
            text = render(result)
        except Exception:  # noqa: BLE001 - drawing never changes a verdict, nor another drawing
            text = _crash(name, traceback.format_exc())
        write(folder / name, text.encode("utf-8", "replace"))


def _crash(name: str, trace: str) -> str:
    """Return what stands where a renderer crashed; XML stays well formed."""
    said = f"Drawing {name} failed. The verdicts are in results.json.\n\n{trace}"
    if name.endswith(".xml"):
        return f"<testsuites><!-- {said.replace('--', '- -')} --></testsuites>\n"
    if name.endswith(".html"):
        return (
            f"<!doctype html><title>Drawing failed</title><pre>{escape(said)}</pre>\n"
        )
    return said
