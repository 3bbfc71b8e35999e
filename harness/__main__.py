"""The command line: `harness`, or `python -m harness`. Running scenarios is pytest's.

It exists so that a machine can be set up, a run judged again and a stack removed by
one word each. Imports are made where they are needed, so that `--help` is at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError, UsageError

if TYPE_CHECKING:
    from harness.report.results import RunResult

# Exit codes beside those of harness/errors.py (`design.md` §8).
_INTERRUPTED = 2
_FAILED = 3
_USAGE = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; a HarnessError becomes a sentence."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as error:  # argparse's 2 is our "interrupted"
        return _USAGE if error.code else 0
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except HarnessError as error:
        print(f"harness {options.name}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # `harness doctor | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)
        # A thread that waits for the engine cannot be stopped in any other way; what
        # it had asked for is as incomplete as before, and made anew the next time.
        os._exit(_INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Break a Django/Celery system on purpose, and account for every "
        "job. `make chaos` runs the scenarios; `pytest scenarios --help` has their "
        "options.",
    )
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def add(
        name: str, command: Callable[[argparse.Namespace], int], help_text: str
    ) -> argparse.ArgumentParser:
        each = commands.add_parser(name, help=help_text, description=help_text)
        each.set_defaults(command=command)
        return each

    add("setup", _setup, "get an engine and every image that a run needs")
    add("doctor", _doctor, "say what this machine has, lacks, and what to do about it")
    add(
        "designs",
        _designs,
        "list the designs, their promises, and their verdicts in the last run",
    )
    for name, command, help_text in (
        ("judge", _judge, "judge a run again from its folder; its verdict is the exit"),
        ("report", _report, "draw a run's report again from its folder"),
    ):
        add(name, command, help_text).add_argument(
            "run", type=Path, help="the run's folder, such as reports/latest"
        )
    add("recover", _recover, "heal and remove what dead runs left behind")
    add("down", _down, "remove every stack that no run is using, kept ones too")
    return parser


def _setup(_: argparse.Namespace) -> int:
    from harness.stack.setup import set_up

    set_up(_project(), _tell)
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from harness.stack.doctor import examine, lines

    findings = examine(_project())
    for line in lines(findings):
        _tell(line)
    return 0 if all(finding.is_well for finding in findings) else _FAILED


def _designs(_: argparse.Namespace) -> int:
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


def _last_verdicts(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return design -> verdict -> scenarios of the last run; empty without one."""
    run = _results(folder)
    found: dict[str, dict[str, list[str]]] = {}
    for cell in run.cells if run is not None else ():
        by_verdict = found.setdefault(cell.design, {})
        by_verdict.setdefault(cell.verdict.value, []).append(cell.scenario)
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


def _judge(options: argparse.Namespace) -> int:
    from harness.report.evidence import judge_run

    code = judge_run(options.run)
    results = _results(options.run)
    if results is not None:
        for cell in results.cells:
            verdict = f"{cell.verdict.value:>9}  {cell.scenario} × {cell.design}"
            _tell(f"{verdict}  {'; '.join(cell.because)}")
        _tell(results.headline)
    return code


def _report(options: argparse.Namespace) -> int:
    from harness.report.evidence import render_run

    render_run(options.run)
    _tell(f"the report: {options.run / 'index.html'}")
    return 0


def _recover(_: argparse.Namespace) -> int:
    from harness.stack.guard import recover

    _tell_all(recover(), otherwise="no dead run has left anything behind")
    return 0


def _down(_: argparse.Namespace) -> int:
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


if __name__ == "__main__":
    sys.exit(main())
