"""What each word of the command line does: `harness setup` is `setup` here.

It exists beside `__main__.py`, which says what the words and their options are. Each
takes its options and returns the exit code; its docstring is its help. Imports are made
where they are needed, so that `--help` is at once.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EngineMissing, UsageError

if TYPE_CHECKING:
    from harness.report.results import CellResult, RunResult

# Exit codes beside those of harness/errors.py (`design.md` §8).
_NOT_PROVEN = 1
_FAILED = 3
_BROKE = 1
_INTERRUPTED = 2


def setup(_: argparse.Namespace) -> int:
    """Get an engine and every image that a run needs."""
    from harness.stack.setup import set_up

    set_up(_project(), _tell)
    return 0


def doctor(_: argparse.Namespace) -> int:
    """Say what this machine has, lacks, and what to do about it."""
    from harness.stack.doctor import examine, lines

    findings = examine(_project())
    for line in lines(findings):
        _tell(line)
    return 0 if all(finding.is_well for finding in findings) else _FAILED


def designs(_: argparse.Namespace) -> int:
    """List the designs, their promises, and their verdicts in the last run."""
    from harness.designs import find_designs

    verdicts = _last_verdicts(_project() / "reports" / "latest")
    for design in find_designs(_project()).values():
        _tell(f"{design.name}: {design.sentence}")
        for guarantee, promise in design.promises.items():
            seconds = promise.within_seconds
            within = f" within {seconds:g} s" if seconds is not None else ""
            _tell(f"    promises {guarantee}{within}")
        if not design.promises:
            _tell("    promises nothing")
        for verdict, scenarios in verdicts.get(design.name, {}).items():
            _tell(f"    {verdict} in {', '.join(scenarios)}")
    return 0


def faults(_: argparse.Namespace) -> int:
    """List the faults, and what this machine cannot do."""
    import inspect

    from harness import faults
    from harness.stack.needs import why_not

    for name in faults.__all__:
        make = getattr(faults, name)
        if not inspect.isfunction(make):
            continue
        arguments = inspect.signature(make).parameters.values()
        given = (
            each.name if each.default is each.empty else f"{each.name}={each.default!r}"
            for each in arguments
        )
        _tell(f"{name}({', '.join(given)})")
        _tell(f"    {(inspect.getdoc(make) or '').splitlines()[0]}")
        for need in getattr(sys.modules[make.__module__], "NEEDS", ()):
            try:
                because = why_not(need)
            except EngineMissing:
                because = "there is no container engine"
            here = f"not possible here: {because}" if because else "there is"
            _tell(f"    needs {need}: {here}")
    return 0


def _last_verdicts(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return design -> verdict -> scenarios of the last run; empty without one."""
    run = _results(folder)
    found: dict[str, dict[str, list[str]]] = {}
    for cell in run.cells if run is not None else ():
        by_verdict = found.setdefault(cell.design, {})
        version = f" (Celery {cell.celery})" if cell.celery else ""
        scenarios = by_verdict.setdefault(cell.verdict.value, [])
        scenarios.append(f"{cell.scenario}{version}")
    return found


def _results(folder: Path) -> "RunResult | None":
    """Return a run's results; None without any, or from another version of ours."""
    import msgspec

    from harness.report.results import RunResult

    try:
        text = (folder / "results.json").read_bytes()
        return msgspec.json.decode(text, type=RunResult)
    except (OSError, msgspec.DecodeError):
        return None


def judge(options: argparse.Namespace) -> int:
    """Judge a run again from its folder; its verdict is the exit code."""
    from harness import ci
    from harness.report.evidence import check_is_run, judge_run

    check_is_run(options.run, empty_is_fine=True)
    code = judge_run(options.run, tell=_tell)
    _tell_verdicts(options.run)
    return ci.exit_code(code, options.no_verdict)


def merge(options: argparse.Namespace) -> int:
    """Make one run of the folders that shards left; its verdict is the exit code."""
    from harness import ci, run_folder
    from harness.errors import EvidenceNotWritten
    from harness.merge import merge

    into = options.into or run_folder.new(_project() / "reports")
    code = merge(options.runs, into, _tell)
    for line in ci.announce(into, os.environ, options.no_verdict):
        _tell(line)
    _tell_verdicts(into)
    _tell(f"the report: {into / 'index.html'}")
    if options.into is None:
        try:
            run_folder.point_latest_at(into)
        except EvidenceNotWritten as error:
            _tell(str(error))
            code = code if code in (_BROKE, _INTERRUPTED) else error.exit_code
    return ci.exit_code(code, options.no_verdict)


def _tell_verdicts(folder: Path) -> None:
    """Say each cell's verdict and its reasons, then the run's."""
    results = _results(folder)
    if results is None:
        return
    for cell in results.cells:
        verdict = f"{cell.verdict.value:>9}  {cell.scenario} × {cell.lane}"
        _tell(f"{verdict}  {'; '.join(cell.because)}")
        for line in _harm(cell):
            _tell(f"           {line}")
    _tell(results.headline)


def _harm(cell: "CellResult") -> Iterator[str]:
    """Name each anomaly of a cell, its cause and its first jobs."""
    for found in cell.guarantees.values():
        for anomaly in (*found.anomalies, *found.excused):
            for cause in anomaly.causes:
                keys = ", ".join(cause.jobs[:3])
                more = len(cause.jobs) - 3
                and_more = f" and {more} more" if more > 0 else ""
                yield f"{anomaly.kind}, {cause.cause}: {keys}{and_more}"


def report(options: argparse.Namespace) -> int:
    """Draw a run's report again from its folder."""
    from harness.report.evidence import render_run

    render_run(options.run, against=options.against, tell=_tell)
    page = options.run / "index.html"
    megabytes = page.stat().st_size / 1e6
    large = (
        ", much to send: -k or --designs make a smaller one" if megabytes > 3 else ""
    )
    _tell(f"the report: {page} ({megabytes:.1f} MB{large})")
    return 0


def example(options: argparse.Namespace) -> int:
    """Make reports/example from a run: small, without names of this machine."""
    from harness import example

    project = _project()
    folder = project / "reports" / "example"
    example.make(options.run, folder, names=example.machine_names(project))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    _tell(f"the example: {folder} ({size / 1e6:.1f} MB)")
    return 0


def diff(options: argparse.Namespace) -> int:
    """Say what is new and what is fixed; exit code 1 if a promise broke."""
    from harness.report.compare import compare, lines
    from harness.report.evidence import results_of

    comparison = compare(results_of(options.before), results_of(options.now))
    for line in lines(comparison):
        _tell(line)
    return _BROKE if comparison.breaks_a_promise else 0


def proof(options: argparse.Namespace) -> int:
    """Plant defects in copies of the designs, and count which are found."""
    from harness.proof import tally
    from harness.proof.defects import select
    from harness.proof.prove import Prover
    from harness.terminal import Lines

    if options.seeds < 1:
        raise UsageError(f"--seeds {options.seeds}: a proof needs one or more")
    prover = Prover(
        project=_project(),
        defects=select(options.defects),
        reports=options.reports or _project() / "reports",
        command=" ".join(["harness", *sys.argv[1:]]),
        tell=Lines(_tell).tell,
    )
    try:
        prover.plant_and_find(range(1, options.seeds + 1))
        prover.run_clean(range(1, options.clean_seeds + 1))
    finally:
        if prover.seen:
            _tell(tally.table(prover.proof()))
            _tell(f"the proof: {prover.folder / 'proof.md'}")
    return 0 if prover.proof().holds else _NOT_PROVEN


def bench(_: argparse.Namespace) -> int:
    """Measure how fast evidence is written and judged, and what the probe costs."""
    from harness.bench import judging, probe, recording

    benches = (judging.measure, recording.measure, probe.measure)
    measured = [each for measure in benches for each in measure(_tell)]
    for each in measured:
        _tell(each.line)
    return 0 if all(each.is_well for each in measured) else _NOT_PROVEN


def bench_peer(_: argparse.Namespace) -> int:
    """Measure cells per minute, beside the kill test of pytest-celery."""
    from harness.bench import peer

    for each in list(peer.measure(_tell)):
        _tell(each.line)
    return 0


def track_record(options: argparse.Namespace) -> int:
    """Run each story that shows a known failure again and again, and count."""
    from harness import run_folder
    from harness.terminal import Lines
    from harness.track_record import entries, record
    from harness.track_record.tries import Counting, commit_of

    if options.tries < 1 or options.lanes < 1:
        raise UsageError("--tries and --lanes: one or more of each")
    wanted = entries.select(options.entries)
    project = _project()
    counting = Counting(
        project=project,
        tries=options.tries,
        lanes=options.lanes,
        command=" ".join(["harness", *sys.argv[1:]]),
        tell=Lines(_tell).tell,
        folder=run_folder.create(options.reports or project / "reports"),
        commit=commit_of(project),
    )
    counting.count(wanted)
    _tell(f"the record: {record.RECORD}; the table of it is in README.md")
    return 0


def recover(_: argparse.Namespace) -> int:
    """Heal and remove what dead runs left behind."""
    from harness.stack.guard import recover

    _tell_all(recover(), otherwise="no dead run has left anything behind")
    return 0


def down(_: argparse.Namespace) -> int:
    """Remove every stack that no run is using, kept ones too."""
    from harness.stack.guard import down

    _tell_all(down(), otherwise="no stack is up")
    return 0


def _project() -> Path:
    """Return the folder of the project that we are in: the nearest compose.yaml."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "compose.yaml").exists():
            return folder
    raise UsageError(
        f"there is no compose.yaml in {here} or above it; go to the project's folder"
    )


def _tell_all(lines: Sequence[str], *, otherwise: str) -> None:
    for line in lines or [otherwise]:
        _tell(line)


def _tell(line: str) -> None:
    # In one piece: several threads tell, and none shall tear another's line.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
