"""A run's folder: read, judged, and given its results and its report.

It exists so that a run can be judged and drawn again from its folder alone, next year,
without a container engine. The verdict comes first and drawing last: what a renderer
does never changes results.json or the exit code.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.errors import UsageError
from harness.history import NotRun, RunFacts, read
from harness.report import outputs, results
from harness.report.cells import Judged, judge_history, together, without_verdict
from harness.report.compare import compare
from harness.report.results import CellResult, MergedRun, RunPart, RunResult

HISTORY = "history.jsonl"

CellName = tuple[str, str]
_LEFT_NOTHING = "it was asked for, and left nothing"


def _unsaid(_: str) -> None:
    """Say nothing: what could not be drawn stands in its place all the same."""


def judge_run(
    folder: Path,
    *,
    to_lie_at: Path | None = None,
    tell: Callable[[str], None] = _unsaid,
) -> int:
    """Judge the run in `folder`, write results and report, return the exit code.

    `tell` hears of each output that could not be drawn. The folder will be moved
    `to_lie_at` some other place, if that is named. Raises UsageError where there is no
    such folder, and EvidenceNotWritten where the results cannot be written.
    """
    result = judge_cells(folder)
    outputs.write(folder / "results.json", results.encode(result))
    outputs.draw(folder, result, to_lie_at=to_lie_at or folder, tell=tell)
    return result.exit_code


def render_run(
    folder: Path, *, against: Path | None = None, tell: Callable[[str], None] = _unsaid
) -> None:
    """Draw the report again from results.json; judge first where there is none.

    `against` is the folder of an earlier run: what is new since then is marked.
    """
    before = results_of(against) if against is not None else None
    result = results_of(folder)
    comparison = compare(before, result) if before is not None else None
    outputs.draw(folder, result, comparison, to_lie_at=folder, tell=tell)


def results_of(folder: Path) -> RunResult:
    """Return a run's results; judge the run where it has none. Raises UsageError."""
    path = folder / "results.json"
    if not path.exists():
        check_is_run(folder)
        judge_run(folder)
    try:
        return results.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{path} cannot be read ({error}); run `harness judge {folder}` first"
        ) from error


def check_is_run(folder: Path, *, empty_is_fine: bool = False) -> None:
    """Raise UsageError for a folder that no run has left: nothing is written there."""
    if empty_is_fine and folder.is_dir() and not any(folder.iterdir()):
        return
    ours = [folder / name for name in ("run.json", "results.json")]
    if not any(path.exists() for path in ours) and not _histories(folder):
        raise UsageError(
            f"{folder} is not the folder of a run: it has no run.json and no histories"
        )


def judge_cell(folder: Path, scenario: str, lane: str) -> CellResult:
    """Judge one cell of the run in `folder` by itself, without a cross-check."""
    return _judge_file(folder, scenario, lane).result


def judge_scenario(folder: Path, scenario: str) -> list[CellResult]:
    """Judge the cells of one scenario of the run in `folder`, and write nothing."""
    lanes = sorted(each for name, each in _histories(folder) if name == scenario)
    return list(together([_judge_file(folder, scenario, each) for each in lanes]))


def judge_cells(folder: Path) -> RunResult:
    """Judge every history under `folder`: pure reading, the same each time."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not the folder of a run")
    facts, problem = _facts(folder)
    found = _histories(folder)
    asked = tuple(facts.cells) if facts else ()
    order = tuple(dict.fromkeys((*asked, *sorted(found))))
    judged: list[Judged] = []
    results_of: dict[CellName, CellResult] = {}
    for scenario in dict.fromkeys(name for name, _ in order):
        cells = [
            _judge_file(folder, *each)
            for each in order
            if each in found and each[0] == scenario
        ]
        judged += cells
        for each in together(cells):
            results_of[scenario, each.lane] = each
    lacking = missing(facts.merged if facts else ())
    not_run = _not_run(facts, [each for each in order if each not in results_of])
    named = {(each.scenario, each.lane) for each in not_run}
    for cell in order:
        if cell not in named and cell not in results_of:
            shard = lacking.get(cell)
            because = f"{shard} is missing" if shard else _LEFT_NOTHING
            results_of[cell] = without_verdict(*cell, because)
    ordered = tuple(results_of[each] for each in order if each in results_of)
    run = _run_part(facts, problem, judged, tuple(dict.fromkeys(lacking.values())))
    return RunResult(
        schema_version=results.RESULTS_VERSION,
        run=run,
        headline=results.headline(run, ordered, not_run=len(not_run)),
        exit_code=results.exit_code(run, ordered),
        cells=ordered,
        not_run=not_run,
    )


def missing(parts: Sequence[RunFacts]) -> Mapping[CellName, str]:
    """Return the cells of shards that are not among the parts, each with its shard."""
    shards = [part.shard for part in parts if part.shard is not None]
    brought = {shard.number for shard in shards}
    return {
        cell: f"shard {number}/{len(shard.cells)}"
        for shard in shards[:1]
        for number, cells in enumerate(shard.cells, start=1)
        if number not in brought
        for cell in cells
    }


# --- reading ------------------------------------------------------------------


def _judge_file(folder: Path, scenario: str, lane: str) -> Judged:
    path = folder / scenario / lane / HISTORY
    try:
        history = read(path)
    except OSError as error:
        because = f"the history cannot be read: {error.strerror}"
        return Judged(result=without_verdict(scenario, lane, because))
    return judge_history(history, scenario=scenario, lane=lane)


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


def _histories(folder: Path) -> set[CellName]:
    """Return the (scenario, lane) of every history in the folder."""
    paths = folder.glob(f"*/*/{HISTORY}")
    return {(path.parent.parent.name, path.parent.name) for path in paths}


def _not_run(facts: RunFacts | None, without: Sequence[CellName]) -> tuple[NotRun, ...]:
    """Name the cells without a history, and why. A cell that has one did run."""
    if facts is None:
        return ()
    said: dict[CellName, NotRun] = {}
    for part in facts.merged or (facts,):
        said |= {(each.scenario, each.lane): each for each in part.not_run}
        if part.interrupted or part.harness_error:
            why = (
                "the run was interrupted" if part.interrupted else "the harness failed"
            )
            for scenario, lane in set(part.cells).intersection(without):
                missed = NotRun(scenario=scenario, design=lane, because=why)
                said.setdefault((scenario, lane), missed)
    asked = set(facts.cells)
    order = (*without, *(each for each in said if each not in asked))
    return tuple(said[each] for each in dict.fromkeys(order) if each in said)


def _run_part(
    facts: RunFacts | None,
    problem: str | None,
    judged: Sequence[Judged],
    missing: tuple[str, ...],
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
        merged=tuple(_merged_run(each) for each in facts.merged),
        missing=missing,
    )


def _merged_run(facts: RunFacts) -> MergedRun:
    return MergedRun(
        name=facts.name,
        id=facts.id,
        started_at=facts.started_at,
        seconds=facts.seconds,
        command=facts.command,
        versions=facts.versions,
        images=facts.images,
        host=facts.host,
    )
