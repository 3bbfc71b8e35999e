"""Run folders of shards, each from its own machine, put together into one run.

It exists so that a run in shards is read, compared and judged like any other. Evidence
is copied as it is and judged again, so that the verdicts are those that one machine
would have come to. What cannot be one run is refused before anything is written, and
the new folder is there whole or not at all.
"""

import filecmp
import secrets
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness import run_folder
from harness.errors import EvidenceNotWritten, UsageError
from harness.history import SCHEMA_VERSION, Cell, Promise, RunFacts, parse
from harness.report.evidence import HISTORY, judge_run, missing

_OF_A_SHARD = ("--shard", "--reports")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A run to be merged. One that was merged before brings the facts of its parts."""

    folder: Path
    facts: tuple[RunFacts, ...]

    def scenarios(self) -> list[Path]:
        """Return the folders of its evidence, in order."""
        return sorted(each for each in self.folder.iterdir() if each.is_dir())


def merge(folders: Sequence[Path], into: Path, tell: Callable[[str], None]) -> int:
    """Make one run of these folders, judge it, and return its exit code.

    Raises UsageError for what cannot be one run, and EvidenceNotWritten.
    """
    runs = [_read(folder) for folder in folders]
    if into.exists():
        raise UsageError(f"{into} is there already; name a folder that is not")
    facts = _facts(runs, into.name)
    _same_promises(runs)
    evidence = _evidence(runs)
    with _made_whole(into) as draft:
        for scenario in evidence:
            shutil.copytree(scenario, draft / scenario.name)
        run_folder.write_facts(draft, facts)
        return judge_run(draft, to_lie_at=into, tell=tell)


def _read(folder: Path) -> _Run:
    path = folder / "run.json"
    try:
        facts = msgspec.json.decode(path.read_bytes(), type=RunFacts)
    except (OSError, msgspec.DecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{folder} is not the folder of a run: {path.name} cannot be read ({why})"
        ) from error
    if facts.schema_version != SCHEMA_VERSION:
        raise UsageError(
            f"{folder} was left by another version of the harness: its schema version "
            f"is {facts.schema_version}, and this one reads {SCHEMA_VERSION}"
        )
    return _Run(folder=folder, facts=facts.merged or (facts,))


@contextmanager
def _made_whole(into: Path) -> Iterator[Path]:
    """Give a folder beside `into`, which becomes it where nothing goes wrong."""
    draft = into.parent / f".{into.name}-{secrets.token_hex(4)}"
    try:
        draft.mkdir(parents=True)
        yield draft
        draft.rename(into)
    except OSError as error:
        raise EvidenceNotWritten(
            f"cannot write {into}: {error.strerror or error}; make room or choose "
            "another folder"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


# --- what the merged run is of ------------------------------------------------


def _facts(runs: Sequence[_Run], name: str) -> RunFacts:
    """Return run.json of the merged run. Raises UsageError."""
    parts: list[RunFacts] = []
    for run in runs:
        parts += [each for each in run.facts if each not in parts]
    _same_run(parts)
    named = [*(cell for part in parts for cell in part.cells), *missing(parts)]
    # By scenario, as pytest would have come to them.
    cells = sorted(dict.fromkeys(named), key=lambda cell: cell[0])
    seconds = [part.seconds for part in parts if part.seconds is not None]
    hosts = [part.host for part in parts]
    failed = [f"{p.name}: {p.harness_error}" for p in parts if p.harness_error]
    return RunFacts(
        id=name,
        seed=parts[0].seed,
        started_at=min(part.started_at for part in parts),
        seconds=max(seconds, default=None),  # they ran side by side
        command=_command(parts),
        versions=run_folder.told_apart({part.name: part.versions for part in parts}),
        images=run_folder.told_apart({part.name: part.images for part in parts}),
        host=hosts[0] if all(each == hosts[0] for each in hosts) else None,
        scenarios=tuple(dict.fromkeys(scenario for scenario, _ in cells)),
        designs=tuple(dict.fromkeys(d for part in parts for d in part.designs)),
        cells=tuple(cells),
        interrupted=any(part.interrupted for part in parts),
        harness_error="; ".join(failed) or None,
        merged=tuple(parts),
    )


def _same_run(parts: Sequence[RunFacts]) -> None:
    """Refuse parts that can be of no one run."""
    first, *others = parts
    for other in others:
        if other.seed != first.seed:
            raise UsageError(
                f"{first.name} has seed {first.seed} and {other.name} seed "
                f"{other.seed}: give all shards of a run the same --seed"
            )
    shards = [part for part in parts if part.shard is not None]
    for other in shards[1:]:
        if (
            other.shard
            and shards[0].shard
            and other.shard.cells != shards[0].shard.cells
        ):
            raise UsageError(
                f"{shards[0].name} ({shards[0].id}) and {other.name} ({other.id}) were "
                "not given the same scenarios and designs to share: start all shards "
                "of a run by the same command, apart from --shard"
            )


def _command(parts: Sequence[RunFacts]) -> str:
    """Return the command that conducts it all, or several, one after the other."""
    return "; ".join(dict.fromkeys(_whole(part.command) for part in parts))


def _whole(command: str) -> str:
    """Return a shard's command without what is its own: its number, and its place."""
    try:
        words = iter(shlex.split(command))
    except ValueError:  # of a harness that did not quote
        return command
    kept = []
    for word in words:
        if word in _OF_A_SHARD:
            next(words, None)
        elif word.partition("=")[0] not in _OF_A_SHARD:
            kept.append(word)
    return shlex.join(kept)


# --- what they left -----------------------------------------------------------


def _same_promises(runs: Sequence[_Run]) -> None:
    """Refuse runs of designs that share a name and promise something else."""
    promised: dict[str, tuple[Mapping[str, Promise], Path]] = {}
    for run in runs:
        for path in sorted(run.folder.glob(f"*/*/{HISTORY}")):
            with path.open("rb") as lines:
                first = parse([lines.readline()]).of(Cell)
            for cell in first:
                before, where = promised.setdefault(
                    cell.design, (cell.promises, run.folder)
                )
                if before != cell.promises:
                    raise UsageError(
                        f"{cell.design} promises {_words(before)} in {where}, and "
                        f"{_words(cell.promises)} in {run.folder}: these are runs of "
                        "different designs"
                    )


def _words(promises: Mapping[str, Promise]) -> str:
    said = [
        name
        if each.within_seconds is None
        else f"{name} within {each.within_seconds:g} s"
        for name, each in promises.items()
    ]
    return ", ".join(said) or "nothing"


def _evidence(runs: Sequence[_Run]) -> Sequence[Path]:
    """Return the folders of all scenarios; the same evidence twice is taken once.

    A scenario hits all designs of a run at the same moment: what two runs of it showed
    is not one. Raises UsageError.
    """
    found: dict[str, Path] = {}
    for run in runs:
        for scenario in run.scenarios():
            before = found.setdefault(scenario.name, scenario)
            if not _alike(before, scenario):
                raise UsageError(
                    f"{_what(before, scenario)} is in {before.parent} and in "
                    f"{run.folder}, and differs: leave one of these runs out"
                )
    return list(found.values())


def _designs(scenario: Path) -> list[str]:
    return sorted(path.parent.name for path in scenario.glob(f"*/{HISTORY}"))


def _alike(one: Path, other: Path) -> bool:
    designs = _designs(one)
    return designs == _designs(other) and all(
        filecmp.cmp(one / each / HISTORY, other / each / HISTORY, shallow=False)
        for each in designs
    )


def _what(one: Path, other: Path) -> str:
    """Name the first cell that both have, or the scenario where they have none."""
    both = [each for each in _designs(one) if each in _designs(other)]
    return " × ".join([one.name, *both[:1]])
