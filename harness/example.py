"""A run's folder made fit to be shown: small, and without the machine it was made on.

It exists so that reports/example can be committed: what the report shows, drawn from
evidence in which no path and no name of a machine is left, and one cell's history for
who wants to see what evidence looks like.
"""

import os
import platform
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec.structs import replace

from harness import run_folder
from harness.errors import EvidenceNotWritten, UsageError
from harness.history import RunFacts
from harness.report import job_pages, results
from harness.report.evidence import judge_cells, render_run
from harness.report.outputs import write
from harness.report.results import CellResult, RunResult
from harness.verdict import CellVerdict

OUTPUTS = ("index.html", "results.json", "run.json", "junit.xml", "summary.md")


def make(run: Path, example: Path, *, names: Mapping[str, str]) -> None:
    """Make the folder `example` anew from a run's folder.

    `names` says what stands for each name of the machine. Raises UsageError where there
    is no run to show, and EvidenceNotWritten where the folder cannot be written.
    """
    if run.resolve() == example.resolve():
        raise UsageError(f"{run} is the example itself; name the run that it shows")
    with TemporaryDirectory() as name:
        folder = Path(name)
        _copy_evidence(run, folder, names)
        result = _told(judge_cells(folder))
        if not result.cells:
            raise UsageError(f"{run} has no cell to show; choose a run that has some")
        write(folder / "results.json", results.encode(result))
        render_run(folder)
        for output in OUTPUTS:
            # An output may tell where evidence lies: not in a folder that is soon gone.
            text = (folder / output).read_text("utf-8")
            told = _without(text, {str(folder): f"reports/{example.name}"})
            (folder / output).write_text(told, "utf-8")
        _put(folder, example, kept=_history_of(result.cells))


def machine_names(project: Path) -> Mapping[str, str]:
    """Return what names this machine and what stands for it, the longest first."""
    names = {
        str(project.resolve()): ".",
        str(Path.home()): "~",
        platform.node(): "this-machine",
    }
    given = {name: other for name, other in names.items() if len(name) > 1}
    return dict(sorted(given.items(), key=lambda item: -len(item[0])))


# --- evidence -----------------------------------------------------------------


def _copy_evidence(run: Path, folder: Path, names: Mapping[str, str]) -> None:
    """Copy what is judged and drawn, each name of the machine replaced."""
    for path in (*run.glob("*/*/*.jsonl"), *run.glob("*/*/*.log")):
        to = folder / path.relative_to(run)
        to.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8", "surrogateescape")
        to.write_text(_without(text, names), "utf-8", "surrogateescape")
    facts = run / "run.json"
    if facts.exists():
        text = _without(facts.read_text(), names)
        run_folder.write_facts(folder, _anonymous(text, facts))


def _without(text: str, names: Mapping[str, str]) -> str:
    for name, other in names.items():
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", other, text)
    return text


def _anonymous(text: str, path: Path) -> RunFacts:
    """Read run.json; of the kernel only its version is left. Raises UsageError."""
    try:
        facts = msgspec.json.decode(text, type=RunFacts)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"{path} cannot be read: {error}; choose a whole run"
        ) from None
    if facts.host is None:
        return facts
    kernel = re.match(r"[\d.]*", facts.host.kernel)
    assert kernel is not None
    return replace(facts, host=replace(facts.host, kernel=kernel[0].rstrip(".")))


# --- results ------------------------------------------------------------------


def _told(result: RunResult) -> RunResult:
    """Leave out the events of jobs that the page does not tell of."""
    ids = set(job_pages.story_ids(result.cells))
    return replace(result, cells=tuple(_told_cell(cell, ids) for cell in result.cells))


def _told_cell(cell: CellResult, ids: Collection[tuple[str, str, str]]) -> CellResult:
    stories = tuple(
        story
        if (cell.scenario, cell.lane, story.key) in ids
        else replace(story, events=(), last_good=None, missing=None, survivor=None)
        for story in cell.stories
    )
    beside = {story.survivor for story in stories}
    survivors = tuple(each for each in cell.survivors if each.key in beside)
    return replace(cell, stories=stories, survivors=survivors)


def _history_of(cells: Iterable[CellResult]) -> Path:
    """Return the history that is kept, in its place: of a cell with most to see."""
    order = (
        CellVerdict.BROKE,
        CellVerdict.WEAKNESS,
        CellVerdict.KEPT,
        CellVerdict.NONE,
    )
    cell = min(cells, key=lambda each: order.index(each.verdict))
    return Path(cell.scenario) / cell.lane / "history.jsonl"


# --- the folder ---------------------------------------------------------------


def _put(folder: Path, example: Path, *, kept: Path) -> None:
    """Put the outputs and one history where the example was, all or nothing."""
    draft = example.with_name(f".{example.name}-{os.getpid()}")
    try:
        for path in _files(folder, kept):
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / path, draft / path)
        if example.exists():
            shutil.rmtree(example)
        draft.rename(example)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise EvidenceNotWritten(
            f"{example} could not be written: {error.strerror}; free some space, or "
            "remove what is in the way"
        ) from error


def _files(folder: Path, kept: Path) -> Iterator[Path]:
    for path in (*map(Path, OUTPUTS), kept):
        if (folder / path).exists():
            yield path
