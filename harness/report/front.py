"""The report's first screen: the numbers on top, and what is worst.

It exists so that what a reader sees first is made in one place, of plain values that a
test can read. It reads results.json and decides nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.report.causes import UNEXPLAINED
from harness.report.results import CellResult, GuaranteeResult, RunResult
from harness.verdict import CellVerdict, Verdict

RECOVERY = "recovers_in_time"

# What may befall a job, worst first: a broken cell with one lost job comes before one
# with a hundred repeated ones. The groups of guarantees, but for the first, have a
# word each.
LOST, STUCK, REPEATED, WRONG, LATE = "lost", "stuck", "repeated", "wrong state", "late"
WORDS = (LOST, STUCK, REPEATED, WRONG, LATE)
GROUPS: Mapping[str, str] = {
    "lost tasks": STUCK,
    "acks-late retries": REPEATED,
    "job state consistency": WRONG,
    "service": LATE,
}


# --- harm ---------------------------------------------------------------------


def harms(
    cell: CellResult, *, promised: bool | None = None
) -> Mapping[str, frozenset[str]]:
    """Return the harmed jobs of a cell by what befell them, worst first.

    `promised` takes only what a promise covers, or only what none covers: a job that
    shows both counts for the promise.
    """
    if promised is False:
        kept = harms(cell, promised=True)
        return {
            word: jobs - kept.get(word, frozenset())
            for word, jobs in harms(cell).items()
        }
    gone = {story.key for story in cell.stories if story.fate == "lost"}
    found: dict[str, set[str]] = {word: set() for word in WORDS}
    for guarantee in cell.guarantees.values():
        word = GROUPS.get(guarantee.group, WRONG)
        if promised and not guarantee.judged_as_promised:
            continue
        for anomaly in guarantee.anomalies:
            for key in anomaly.jobs:
                found[LOST if word == STUCK and key in gone else word].add(key)
    return {word: frozenset(jobs) for word, jobs in found.items()}


def _count(cells: Iterable[CellResult], words: Sequence[str], *, promised: bool) -> int:
    found = [harms(cell, promised=promised) for cell in cells]
    return sum(len(jobs[word]) for jobs in found for word in words)


def counts(cell: CellResult) -> list[str]:
    """Say a cell's harm in counts: against a promise first, what is explained last."""
    if cell.verdict is CellVerdict.NONE:
        return []
    broke = cell.verdict is CellVerdict.BROKE
    shown = harms(cell, promised=broke or None)
    said = [f"{len(jobs)} {word}" for word, jobs in shown.items() if jobs]
    if broke:
        more = frozenset().union(*harms(cell, promised=False).values())
        if more:
            said.append(f"{len(more)} more, unpromised")
    excused = {
        key
        for found in cell.guarantees.values()
        for anomaly in found.excused
        for key in anomaly.jobs
    }
    if excused:
        said.append(f"{len(excused)} rerun, explained")
    return said


# --- the numbers on top -------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One of the six numbers on top: what it counts, and what sort of news it is.

    `beside` is what must not be mixed into it, or what it is measured against. `tone`
    is the verdict that the number speaks for, "" where it is only a number.
    """

    value: str
    label: str
    beside: str = ""
    tone: Literal["", "broke", "none"] = ""


def numbers(result: RunResult) -> tuple[Number, ...]:
    """Return the six numbers; harm that breaks a promise apart from other harm."""
    cells = [cell for cell in result.cells if cell.verdict is not CellVerdict.NONE]
    broke = sum(1 for cell in cells if cell.verdict is CellVerdict.BROKE)
    weak = sum(1 for cell in cells if cell.verdict is CellVerdict.WEAKNESS)
    none = len(result.cells) - len(cells)
    accepted = sum(cell.accounting.accepted for cell in cells)
    return (
        Number(
            value=f"{broke:,}",
            label="cells that broke a promise",
            beside=f"of {len(result.cells):,}; {weak:,} more with unpromised harm",
            tone="broke" if broke else "",
        ),
        _harm(cells, (LOST, STUCK), "lost or stuck jobs against a promise"),
        _harm(cells, (REPEATED,), "repeated jobs against a promise"),
        _recovery(cells),
        Number(
            value=f"{none:,}",
            label="cells without a verdict",
            beside=f"{len(result.not_run):,} did not run" if result.not_run else "",
            tone="none" if none else "",
        ),
        Number(value=f"{accepted:,}", label="jobs accepted", beside="in judged cells"),
    )


def _harm(cells: Sequence[CellResult], words: Sequence[str], label: str) -> Number:
    promised = _count(cells, words, promised=True)
    return Number(
        value=f"{promised:,}",
        label=label,
        beside=f"{_count(cells, words, promised=False):,} more that no promise covers",
        tone="broke" if promised else "",
    )


def _recovery(cells: Sequence[CellResult]) -> Number:
    label = "slowest recovery after a fault"
    back = [(c.recovery_seconds, c) for c in cells if c.recovery_seconds is not None]
    never = sum(1 for c in cells if c.faults and c.recovery_seconds is None)
    more = f"{never:,} cells never: jobs are stuck in them" if never else ""
    if not back:
        return Number(value="–", label=label, beside=more)
    slowest, cell = max(back, key=lambda pair: pair[0])
    said = f"{cell.scenario} × {cell.lane}, {limit_of(cell)}"
    late = [each for each in cells if misses_its_limit(each)]
    return Number(
        value=f"{slowest:.1f} s",
        label=label,
        beside=f"{said}; {more}" if more else said,
        tone="broke" if any(c.verdict is CellVerdict.BROKE for c in late) else "",
    )


_OWN_RUN = "; a job's own run does not count"


def limit_of(cell: CellResult) -> str:
    """Say within how many seconds the cell's design must recover, and by whose word."""
    found = cell.guarantees.get(RECOVERY)
    if found is None or found.within_seconds is None:
        return "no limit"
    took = cell.recovery_seconds
    longer = took is not None and took > found.within_seconds
    return (
        f"at most {found.within_seconds:g} s"
        + ("" if found.promised else ", not promised")
        # The number has all of a job in it, the limit what it only waited.
        + (_OWN_RUN if longer and found.verdict is Verdict.VALID else "")
    )


def misses_its_limit(cell: CellResult) -> bool:
    """Say whether the cell was judged not to have recovered in time."""
    found = cell.guarantees.get(RECOVERY)
    return found is not None and found.verdict is Verdict.INVALID


# --- what is worst ------------------------------------------------------------


def worst_first(cells: Iterable[CellResult], verdict: CellVerdict) -> list[CellResult]:
    """Return the cells of a verdict: most lost first, then stuck, repeated, and so on.

    Never by a sum: no number of repeated jobs weighs as much as a lost one.
    """
    promised = verdict is CellVerdict.BROKE or None

    def weight(cell: CellResult) -> list[int]:
        return [-len(jobs) for jobs in harms(cell, promised=promised).values()]

    return sorted((cell for cell in cells if cell.verdict is verdict), key=weight)


def seen(
    cell: CellResult, *, promised: bool | None = None, at_most: int | None = None
) -> str:
    """Say in a few words what harm a cell shows: `at_most` so many kinds of it."""
    said = [
        anomaly.sentence
        for found in cell.guarantees.values()
        if promised in (None, found.judged_as_promised)
        for anomaly in found.anomalies
    ]
    first = said[:at_most]
    more = len(said) - len(first)
    return " · ".join([*first, f"{more} more kinds"] if more > 1 else said)


def against(cell: CellResult) -> str:
    """Name the guarantees that a cell broke though its design promises them."""
    broken = [
        name
        for name, found in cell.guarantees.items()
        if found.judged_as_promised and found.verdict is Verdict.INVALID
    ]
    if cell.baseline:
        return f"{', '.join(broken)} in the baseline, where nothing may break"
    return f"promised {', '.join(broken)}"


def unexplained(cells: Iterable[CellResult]) -> list[tuple[CellResult, int]]:
    """Return the cells with harm that no cause is proven for, and for how many jobs."""
    counted = [(cell, len(_unexplained(cell.guarantees.values()))) for cell in cells]
    return [(cell, count) for cell, count in counted if count]


def _unexplained(guarantees: Iterable[GuaranteeResult]) -> set[str]:
    return {
        key
        for found in guarantees
        for anomaly in found.anomalies
        for cause in anomaly.causes
        if cause.cause == UNEXPLAINED
        for key in cause.jobs
    }
