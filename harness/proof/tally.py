"""What a proof found, counted: which defects, how often, how fast, and who is clean.

It exists so that proof.json, the table and the exit code say the same. Nothing is
conducted here: cells that were judged go in, numbers come out.
"""

from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from harness.history import Host
from harness.proof.defects import DEFECTS, Defect
from harness.report.results import CellResult
from harness.verdict import CellVerdict

# `judging.md` §6: at least 95 % of planted defects over 20 seeds.
FOUND_AT_LEAST = 0.95
BY_NAME = {each.name: each for each in DEFECTS}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of proof.json."""


class Sighting(Part, frozen=True):
    """One cell with one seed.

    `harm` are the anomalies of promised guarantees. `seconds` run from the moment the
    story's first fault was asked for (without one, from the story's first event) to
    the last event of its history, when the verdict is due.
    """

    design: str
    story: str
    seed: int
    verdict: CellVerdict
    harm: tuple[str, ...]
    because: tuple[str, ...]
    seconds: float


class DefectFound(Part, frozen=True):
    """A defect with all that was seen of it. `found` counts its cells that show it."""

    name: str
    start: str
    does: str
    story: str
    anomaly: str
    beside: tuple[str, ...]
    found: int
    of: int
    median_seconds: float | None
    cells: tuple[Sighting, ...]


class Waiting(Part, frozen=True):
    """A defect that cannot be shown yet, and why."""

    name: str
    because: str


class Proof(Part, frozen=True):
    """proof.json. `clean` are cells of unbroken designs: none may break a promise."""

    id: str
    command: str
    seconds: float
    host: Host
    defects: tuple[DefectFound, ...]
    waiting: tuple[Waiting, ...]
    clean: tuple[Sighting, ...]

    @property
    def found(self) -> int:
        """Count the cells of defects that were found."""
        return sum(each.found for each in self.defects)

    @property
    def of(self) -> int:
        """Count all cells of defects."""
        return sum(each.of for each in self.defects)

    @property
    def not_clean(self) -> tuple[Sighting, ...]:
        """Return the clean cells that broke a promise, or have no verdict."""
        bad = (CellVerdict.BROKE, CellVerdict.NONE)
        return tuple(cell for cell in self.clean if cell.verdict in bad)

    @property
    def holds(self) -> bool:
        """Say whether enough defects were found, and no clean design was accused."""
        return self.found >= FOUND_AT_LEAST * self.of and not self.not_clean


def sighting(cell: CellResult, *, seed: int) -> Sighting:
    """Keep what the proof needs of a judged cell."""
    asked = [fault.asked for fault in cell.faults if fault.asked is not None]
    return Sighting(
        design=cell.design,
        story=cell.scenario,
        seed=seed,
        verdict=cell.verdict,
        harm=tuple(
            sorted(
                anomaly.kind
                for guarantee in cell.guarantees.values()
                if guarantee.judged_as_promised
                for anomaly in guarantee.anomalies
            )
        ),
        because=cell.because,
        seconds=round((cell.seconds or 0) - min(asked, default=0), 1),
    )


def is_found(defect: Defect, cell: Sighting) -> bool:
    """Say whether the cell broke its promise by the anomaly that names the defect.

    Any other promise that broke must be one that follows from the defect.
    """
    harm = set(cell.harm)
    return (
        cell.verdict is CellVerdict.BROKE
        and defect.anomaly in harm
        and harm <= {defect.anomaly} | defect.beside
    )


def count(defect: Defect, cells: Iterable[Sighting]) -> DefectFound:
    """Count in how many of a defect's cells it was found."""
    own = tuple(cell for cell in cells if cell.design == defect.name)
    found = [cell for cell in own if is_found(defect, cell)]
    return DefectFound(
        name=defect.name,
        start=defect.start,
        does=defect.does,
        story=defect.story,
        anomaly=defect.anomaly or "",
        beside=tuple(sorted(defect.beside)),
        found=len(found),
        of=len(own),
        median_seconds=median(cell.seconds for cell in found) if found else None,
        cells=own,
    )


def waiting() -> tuple[Waiting, ...]:
    """Name the defects that cannot be shown yet."""
    return tuple(
        Waiting(name=each.name, because=each.waits) for each in DEFECTS if each.waits
    )


# --- told -----------------------------------------------------------------------


def encode(proof: Proof) -> bytes:
    """Return proof.json."""
    return msgspec.json.format(msgspec.json.encode(proof), indent=2)


def table(proof: Proof) -> str:
    """Return proof.md: a row for each defect, then those that wait, then the clean."""
    lines = [
        f"`{proof.command}`: {proof.found} of {proof.of} found.",
        "",
        "| defect | what it does | design | story | named by | found | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(each) for each in proof.defects),
        *(_waiting_row(each) for each in proof.waiting),
        "",
        _clean_sentence(proof),
        "",
        *(
            f"- not as it should be: seed {cell.seed}, {cell.story} × {cell.design}: "
            f"{cell.verdict.value}; {'; '.join(cell.because)}"
            for cell in (*_missed(proof), *proof.not_clean)
        ),
    ]
    return "\n".join(lines).strip() + "\n"


def _clean_sentence(proof: Proof) -> str:
    designs = ", ".join(sorted({cell.design for cell in proof.clean}))
    return (
        f"{len(proof.clean)} clean cells ({designs or 'none ran'}): "
        f"{len(proof.not_clean)} broke a promise or have no verdict."
    )


def _row(each: DefectFound) -> str:
    seconds = each.median_seconds
    found = f"{each.found} of {each.of}"
    told = "–" if seconds is None else f"{seconds:.0f}"
    return _cells(BY_NAME[each.name], found, told)


def _waiting_row(each: Waiting) -> str:
    return _cells(BY_NAME[each.name], f"waits: {each.because}", "–")


def _cells(defect: Defect, found: str, seconds: str) -> str:
    names = [f"`{each}`" for each in (defect.start, defect.story, defect.anomaly)]
    cells = [f"`{defect.name}`", defect.does, *names, found, seconds]
    return f"| {' | '.join(cells)} |"


def _missed(proof: Proof) -> Sequence[Sighting]:
    return [
        cell
        for each in proof.defects
        for cell in each.cells
        if not is_found(BY_NAME[each.name], cell)
    ]
