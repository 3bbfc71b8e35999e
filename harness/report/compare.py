"""Two runs held against each other: what is newly harmed, and what is fixed.

It exists so that a change of a design is judged by what it changed. Only what both
runs know is compared: where either has no verdict, nothing is called new or fixed,
but for a promise that is broken now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.report.results import CellResult, GuaranteeResult, RunResult
from harness.verdict import CellVerdict, Verdict

State = Literal["new", "no verdict", "fixed"]
Cells = Mapping[tuple[str, str], CellResult]
STATES: tuple[State, ...] = ("new", "no verdict", "fixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one guarantee in one cell; `promised` says if it is promised.

    "no verdict" is of the whole cell: the run before had one, this one has none.
    """

    state: State
    scenario: str
    lane: str
    sentence: str
    promised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All changes, new harm first; `alike` counts cells without any.

    `only` names the cells that one of the two runs has alone, `apart` says what else
    differs between the runs (seed, versions), so that a change may have come of it.
    """

    before: str
    changes: tuple[Change, ...]
    alike: int
    only: tuple[str, ...]
    apart: tuple[str, ...]

    @property
    def marks(self) -> Mapping[tuple[str, str], State]:
        """Return the worst change of each changed cell."""
        marks: dict[tuple[str, str], State] = {}
        for change in self.changes:
            marks.setdefault((change.scenario, change.lane), change.state)
        return marks

    @property
    def breaks_a_promise(self) -> bool:
        """Say whether a promise is broken that was kept before."""
        return any(each.state == "new" and each.promised for each in self.changes)


def compare(before: RunResult, after: RunResult) -> Comparison:
    """Compare the cells that both runs have."""
    was = {(cell.scenario, cell.lane): cell for cell in before.cells}
    now = {(cell.scenario, cell.lane): cell for cell in after.cells}
    both = [name for name in now if name in was]
    found = [change for name in both for change in _changes(was[name], now[name])]
    changed = {(change.scenario, change.lane) for change in found}
    return Comparison(
        before=before.run.id,
        changes=tuple(
            sorted(found, key=lambda c: (STATES.index(c.state), not c.promised))
        ),
        alike=len(both) - len(changed),
        only=tuple(_only(was, now, "before")) + tuple(_only(now, was, "now")),
        apart=tuple(_apart(before, after)),
    )


def _only(side: Cells, other: Cells, where: str) -> Iterator[str]:
    """Name the cells of one run that the other lacks."""
    names = [f"{each[0]} × {each[1]}" for each in side if each not in other]
    if names:
        yield f"only in the run {where}: {', '.join(names)}"


def _changes(was: CellResult, now: CellResult) -> Iterator[Change]:
    if now.verdict is CellVerdict.NONE:
        if was.verdict is not CellVerdict.NONE:
            yield _change("no verdict", now, "; ".join(now.because), promised=False)
        return
    known_before = was.verdict is not CellVerdict.NONE
    for name, found in now.guarantees.items():
        earlier = was.guarantees.get(name)
        verdicts = (earlier.verdict if earlier else None, found.verdict)
        newly_harmed = verdicts == (Verdict.VALID, Verdict.INVALID) and known_before
        newly_broken = _is_broken(found) and not (earlier and _is_broken(earlier))
        if newly_harmed or newly_broken:
            yield _change("new", now, _said(name, found), found.judged_as_promised)
        elif known_before and earlier and verdicts == (Verdict.INVALID, Verdict.VALID):
            said = _said(name, earlier)
            yield _change("fixed", now, said, earlier.judged_as_promised)


def _is_broken(found: GuaranteeResult) -> bool:
    return found.verdict is Verdict.INVALID and found.judged_as_promised


def _change(state: State, cell: CellResult, sentence: str, promised: bool) -> Change:
    return Change(
        state=state,
        scenario=cell.scenario,
        lane=cell.lane,
        sentence=sentence,
        promised=promised,
    )


def _said(name: str, found: GuaranteeResult) -> str:
    harm = ", ".join(anomaly.sentence for anomaly in found.anomalies)
    return f"{name}: {harm}" + (" (promised)" if found.judged_as_promised else "")


def _apart(before: RunResult, after: RunResult) -> Iterator[str]:
    if before.run.seed != after.run.seed:
        yield f"seed {before.run.seed} before, {after.run.seed} now"
    names = dict.fromkeys((*before.run.versions, *after.run.versions))
    for name in names:
        was = before.run.versions.get(name, "none")
        now = after.run.versions.get(name, "none")
        if was != now:
            yield f"{name} {was} before, {now} now"


def lines(comparison: Comparison) -> Sequence[str]:
    """Say in lines for a terminal what changed; the last one counts."""
    said = [
        f"{each.state:>10}  {each.scenario} × {each.lane}  {each.sentence}"
        for each in comparison.changes
    ]
    said += [f"{'':>10}  {each}" for each in (*comparison.only, *comparison.apart)]
    return [*said, summary(comparison)]


def summary(comparison: Comparison) -> str:
    """Count the changes in one sentence."""
    counts = {
        state: sum(1 for each in comparison.changes if each.state == state)
        for state in STATES
    }
    return (
        f"against {comparison.before}: {counts['new']} new, {counts['fixed']} fixed,"
        f" {counts['no verdict']} lost their verdict, {comparison.alike} cells alike"
    )
