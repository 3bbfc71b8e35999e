"""The command line: `harness`, or `python -m harness`. Running scenarios is pytest's.

It exists so that a machine can be set up, a run judged again and a stack removed by
one word each. What each word does is in `commands.py`.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from harness import commands
from harness.errors import HarnessError

# Exit codes beside those of harness/errors.py (`design.md` §8).
_INTERRUPTED = 2
_FAILED = 3
_USAGE = 4

Command = Callable[[argparse.Namespace], int]

_RUN = "the run's folder, such as reports/latest"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; a HarnessError becomes a sentence."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as error:  # argparse's 2 is our "interrupted"
        return _USAGE if error.code else 0
    command: Command = options.command
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
    except Exception as error:  # noqa: BLE001 - Python's own 1 would be a broken promise
        _say_how_it_failed(options.name, error)
        return _FAILED


def _say_how_it_failed(command: str, error: Exception) -> None:
    """An engine that fails is told in a sentence; a crash of ours is told whole."""
    from harness.stack.engine import DAEMON_LOG, FAILURES

    if isinstance(error, FAILURES):
        print(
            f"harness {command}: the container engine failed, or did not answer: "
            f"{error}. Try again; if it stays so, its log says more (one that we "
            f"started writes {DAEMON_LOG}), and starting it anew helps",
            file=sys.stderr,
        )
    else:
        traceback.print_exception(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Break a Django/Celery system on purpose, and account for every "
        "job. `make chaos` runs the scenarios; `pytest scenarios --help` has their "
        "options.",
    )
    words = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def add(command: Command) -> argparse.ArgumentParser:
        name, what_it_does = command.__name__.replace("_", "-"), command.__doc__
        each = words.add_parser(name, help=what_it_does, description=what_it_does)
        each.set_defaults(command=command)
        return each

    add(commands.setup)
    add(commands.doctor)
    add(commands.designs)
    add(commands.faults)

    judge = add(commands.judge)
    judge.add_argument("run", type=Path, help=_RUN)
    _no_verdict(judge)

    report = add(commands.report)
    report.add_argument("run", type=Path, help=_RUN)
    report.add_argument(
        "--against",
        type=Path,
        metavar="RUN",
        help="the folder of an earlier run: mark what is new and what is fixed",
    )

    merge = add(commands.merge)
    merge.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=_RUN)
    merge.add_argument(
        "--into",
        type=Path,
        metavar="DIR",
        help="the new run's folder (default: one in reports/, the latest from then on)",
    )
    _no_verdict(merge)

    diff = add(commands.diff)
    diff.add_argument("before", type=Path, help="the folder of the earlier run")
    diff.add_argument("now", type=Path, help=_RUN)

    add(commands.example).add_argument("run", type=Path, help=_RUN)

    proof = add(commands.proof)
    proof.add_argument("--defects", metavar="A,B", help="these only (default: all)")
    _number(proof, "--seeds", 20, "how often to run each defect")
    _number(
        proof,
        "--clean-seeds",
        9,
        "how often to run the real designs with nothing wrong",
    )
    _reports(proof)

    add(commands.bench)
    add(commands.bench_peer)

    track = add(commands.track_record)
    track.add_argument(
        "--entries", metavar="A,B", help="these only, such as PUB-01 (default: all)"
    )
    _number(track, "--tries", 20, "how often to try each entry")
    _number(track, "--lanes", 6, "how many tries at once, each in a lane of its own")
    _reports(track)

    add(commands.recover)
    add(commands.down)
    return parser


def _number(
    parser: argparse.ArgumentParser, option: str, default: int, what: str
) -> None:
    parser.add_argument(
        option,
        metavar="N",
        type=int,
        default=default,
        help=f"{what} (default: {default})",
    )


def _reports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reports", metavar="DIR", type=Path, help="where its folder goes"
    )


def _no_verdict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-verdict",
        choices=("fail", "warn"),
        default="fail",
        help="what a cell without a verdict comes to where nothing broke: fail (exit "
        "code 10, the default) or warn (0)",
    )


if __name__ == "__main__":
    sys.exit(main())
