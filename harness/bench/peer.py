"""Cells per minute, beside the kill test of pytest-celery on the same machine.

It exists because a number means little alone: pytest-celery is what Celery's own
project tests killed workers with. It comes from PyPI into an environment of its own,
since it wants other versions of what we use; its services are those of compose.yaml,
and so run where no registry is. Both numbers hold everything from the command to its
end.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

import harness
from harness.bench.measured import Measured
from harness.clock import now
from harness.errors import StackNotReady
from harness.report.results import RunResult
from harness.stack import build
from harness.stack.compose import read_compose
from harness.stack.engine import connect

_PACKAGES = ("pytest-celery[redis]==1.3.0",)
_WORKER_IMAGE = f"{build.OURS}peer-worker"
# The plugin's own Dockerfile without its compilers, which nothing here needs.
_WORKER = f"""\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
USER root
RUN useradd --create-home test_user \\
    && python3 -m pip install --no-cache-dir "celery[redis]" {_PACKAGES[0]}
WORKDIR /app
RUN chown test_user /app
USER test_user
"""
_TESTS = 3
_WITHIN_SECONDS = 900


def measure(tell: Callable[[str], None]) -> Iterator[Measured]:
    """Run both, theirs first. Raises StackNotReady where one of them cannot run."""
    project = Path(harness.__file__).parents[1]
    images = _images(project, tell)
    python = _python(tell)
    tell(f"pytest-celery: {_TESTS} kill tests")
    theirs = project / "harness" / "tests" / "bench" / "peer_kill.py"
    command = [python, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider"]
    command += [f"--rootdir={theirs.parent}", f"--confcutdir={theirs.parent}"]
    seconds = _run([*command, str(theirs)], "pytest-celery", theirs.parent, images)
    yield _per_minute("pytest-celery: tests of a killed worker", _TESTS, seconds)
    tell("ours: worker_killed, with every design")
    with tempfile.TemporaryDirectory() as reports:
        story = "scenarios/test_worker_killed.py"
        command = [sys.executable, "-m", "pytest", "-q", story, f"--reports={reports}"]
        seconds = _run([*command, "-p", "no:cacheprovider"], "our own run", project, {})
        result = Path(reports) / "latest" / "results.json"
        run = msgspec.json.decode(result.read_bytes(), type=RunResult)
    jobs = sum(cell.accounting.asked for cell in run.cells)
    yield _per_minute("ours: cells of worker_killed", len(run.cells), seconds)
    yield Measured(what="    jobs that were accounted for", value=jobs, unit="jobs")


def _per_minute(what: str, count: int, seconds: float) -> Measured:
    what = f"{what} ({count} in {seconds:.0f} s)"
    return Measured(what=what, value=count / (seconds / 60), unit="a minute")


def _images(project: Path, tell: Callable[[str], None]) -> Mapping[str, str]:
    """Return the images to run it with; its worker is built where it is not here."""
    compose = read_compose(project / "compose.yaml")
    (base,) = {
        value
        for service in compose.services.values()
        if service.build is not None
        for name, value in service.build.args.items()
        if name == "PYTHON_IMAGE"
    }
    tell(f"{_WORKER_IMAGE}: building it, if it is not here")
    engine = connect()
    build.build_text(engine, _WORKER_IMAGE, _WORKER, base)
    engine.close()
    return {
        "PEER_WORKER_IMAGE": _WORKER_IMAGE,
        "PEER_RABBITMQ_IMAGE": compose.services["rabbitmq"].image,
        "PEER_REDIS_IMAGE": compose.services["redis"].image,
        "PEER_TESTS": str(_TESTS),
    }


def _python(tell: Callable[[str], None]) -> str:
    """Return a Python that has pytest-celery, made within our own environment."""
    folder = Path(sys.prefix) / "peer"
    python = folder / "bin" / "python"
    made = folder / "made-for"
    if not made.exists() or made.read_text() != " ".join(_PACKAGES):
        tell(f"getting {', '.join(_PACKAGES)} from the package index")
        _run(
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            "venv",
            folder.parent,
            {},
        )
        pip = [str(python), "-m", "pip", "install", "--quiet", *_PACKAGES]
        _run(pip, "pip", folder, {})
        made.write_text(" ".join(_PACKAGES))
    return str(python)


def _run(
    command: Sequence[str], what: str, folder: Path, environment: Mapping[str, str]
) -> float:
    """Run a command, and return how long it took. Raises StackNotReady."""
    begun = now()
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StackNotReady(f"{what} was not done in {_WITHIN_SECONDS} s") from error
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise StackNotReady(f"{what} failed, so there is nothing to compare:\n{last}")
    return now() - begun
