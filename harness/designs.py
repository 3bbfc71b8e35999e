"""Finds the designs in `app/designs/` and reads what they promise.

It exists so that a design is one file and nothing else names it. The file is parsed,
never imported: its promises are a literal, and the harness has no Django.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.history import Promise

# A design that names no recovery limit of its own gets this (`judging.md` §6).
# Where nothing is queued or running, only a background of the design's could go on.
_RECOVERY_SECONDS = 5.0
# No promise may take longer than this (`design.md` §4).
_LIMIT_SECONDS_AT_MOST = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One design as the harness sees it. `source` is path:line of its PROMISES."""

    name: str
    sentence: str
    source: str
    promises: Mapping[str, Promise]
    recovery_seconds: float
    has_background: bool


def find_designs(project: Path) -> dict[str, Design]:
    """Return every design by name: `tutorial`, then the others by what they promise.

    Those that promise least come first, so the list climbs as the ladder does. Raises
    UsageError naming the file and what is wrong with it.
    """
    folder = project / "app" / "designs"
    found = [
        read_design(path, project)
        for path in folder.glob("*.py")
        if not path.name.startswith("_")
    ]
    if not found:
        raise UsageError(f"there is no design in {folder}")
    found.sort(
        key=lambda each: (each.name != "tutorial", len(each.promises), each.name)
    )
    return {design.name: design for design in found}


def select(
    designs: Mapping[str, Design],
    names: str | None,
    known: Collection[str],
    limits: Mapping[str, float],
) -> tuple[Design, ...]:
    """Return the designs of a comma-separated list, or all of them.

    `known` are the guarantees that can be judged; `limits` those of them that need a
    limit, with the longest one. Raises UsageError for an unknown design, or one that
    promises what nothing can judge.
    """
    wanted = [each.strip() for each in (names or ",".join(designs)).split(",")]
    for name in wanted:
        if name not in designs:
            raise UsageError(
                f"--designs names {name!r}; there is {', '.join(designs)} "
                "(one file each in app/designs/)"
            )
        for guarantee, promise in designs[name].promises.items():
            where = f"{designs[name].source}: PROMISES names {guarantee!r}"
            if guarantee not in known:
                raise UsageError(
                    f"{where}, which no checker can judge; there is "
                    f"{', '.join(sorted(known))}"
                )
            if why := _wrong_limit(promise, limits.get(guarantee)):
                raise UsageError(f"{where} {why}")
    return tuple(designs[name] for name in dict.fromkeys(wanted))


def _wrong_limit(promise: Promise, longest: float | None) -> str | None:
    """Say what is wrong with a promise's limit; `longest` is None if it takes none."""
    seconds = promise.within_seconds
    if longest is None:
        return None if seconds is None else "with a limit, and it takes none: write {}"
    if seconds is None:
        return (
            "without a limit: write {'within_seconds': n}, with n at most "
            f"{longest:g}"
        )
    if seconds > longest:
        return (
            f"within {seconds:g} s, which cannot be judged: it takes at most "
            f"{longest:g} s"
        )
    return None


def check_imports(project: Path, designs: Sequence[Design]) -> None:
    """Import each design as its own web, worker and relay will, before they start.

    Each in a process of its own: a design may do anything when it is imported, and
    Django is set up once a process. Raises UsageError naming file, line and cause.
    """
    with ThreadPoolExecutor(len(designs)) as pool:
        problems = pool.map(lambda design: _why_not(project, design), designs)
        if found := [problem for problem in problems if problem]:
            raise UsageError("; ".join(found))


# Run with the app's folder as the current one; says what is wrong on its one line.
_IMPORT = """
import sys, traceback
try:
    import django
    django.setup()
    import designs
    designs.current()
except BaseException as error:
    where = [
        f":{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if "designs" in frame.filename and "__init__" not in frame.filename
    ]
    print("".join(where[-1:]) + f": {type(error).__name__}: {error}")
    sys.exit(1)
"""
_IMPORTED_WITHIN_SECONDS = 30


def _why_not(project: Path, design: Design) -> str | None:
    """Return why the design cannot be imported, or None if it can."""
    file = f"app/designs/{design.name}.py"
    # Settings want these; nothing connects while a design is imported.
    nowhere = {
        "DATABASE_URL": "postgres://nowhere/none",
        "BROKER_URL": "amqp://nowhere",
        "REDIS_URL": "redis://nowhere",
    }
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _IMPORT],
            cwd=project / "app",
            env=os.environ
            | nowhere
            | {
                "DESIGN": design.name,
                "SECRET_KEY": "-",
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONPATH": ".",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            timeout=_IMPORTED_WITHIN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{file}: was not imported within {_IMPORTED_WITHIN_SECONDS} s"
    if answer.returncode == 0:
        return None
    said = answer.stdout.strip() or f": ended with exit code {answer.returncode}"
    return file + said.splitlines()[-1]


def read_design(path: Path, project: Path) -> Design:
    """Read one design file without importing it. Raises UsageError."""
    where = path.relative_to(project).as_posix()
    try:
        module = ast.parse(path.read_text(), filename=where)
    except SyntaxError as error:
        raise UsageError(f"{where}:{error.lineno}: {error.msg}") from error
    docstring = ast.get_docstring(module)
    if not docstring:
        raise UsageError(f"{where}: the design has no docstring to teach it")
    literals = _literals(module, where)
    if "PROMISES" not in literals:
        raise UsageError(
            f"{where}: the design has no PROMISES; write PROMISES = {{}} if it "
            "promises nothing"
        )
    promises, line = literals["PROMISES"]
    recovery, at = literals.get("RECOVERY_SECONDS", (_RECOVERY_SECONDS, 0))
    if not _is_number(recovery) or recovery < 0:
        raise UsageError(
            f"{where}:{at}: RECOVERY_SECONDS must be a number, 0 or more, not "
            f"{recovery!r}"
        )
    return Design(
        name=path.stem,
        sentence=" ".join(docstring.split("\n\n")[0].split()),
        source=f"{where}:{line}",
        promises=_promises(promises, f"{where}:{line}"),
        recovery_seconds=float(recovery),
        has_background=any(
            isinstance(each, ast.FunctionDef) and each.name == "background"
            for each in module.body
        ),
    )


def _literals(module: ast.Module, where: str) -> dict[str, tuple[Any, int]]:
    """Return the module's PROMISES and RECOVERY_SECONDS with their lines."""
    found: dict[str, tuple[Any, int]] = {}
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        if name in ("PROMISES", "RECOVERY_SECONDS"):
            try:
                found[name] = (ast.literal_eval(value), statement.lineno)
            except (TypeError, ValueError) as error:
                raise UsageError(
                    f"{where}:{statement.lineno}: {name} must be a literal, because "
                    "the harness reads it without importing the file"
                ) from error
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _promises(value: object, where: str) -> dict[str, Promise]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: PROMISES must be a dict of guarantee -> limits")
    promises = {}
    for name, limits in value.items():
        if not isinstance(limits, dict) or set(limits) - {"within_seconds"}:
            raise UsageError(
                f"{where}: the limits of {name!r} must be {{}} or "
                f"{{'within_seconds': n}}, not {limits!r}"
            )
        seconds = limits.get("within_seconds")
        if seconds is not None and not (
            _is_number(seconds) and 0 < seconds <= _LIMIT_SECONDS_AT_MOST
        ):
            raise UsageError(
                f"{where}: {name!r} within {seconds!r} s: a limit is above 0 and at "
                f"most {_LIMIT_SECONDS_AT_MOST:g} s"
            )
        promises[name] = Promise(within_seconds=seconds)
    return promises
