"""Verdicts: what a guarantee, a cell and a scenario come to, and what that takes.

It exists so that the rules stand in one place and know nothing of jobs: anomalies
and missing evidence go in, verdicts come out. The rules are those of `judging.md` §6.
Two are ours to choose, and chosen here:

- An anomaly by absence stands only on a complete final read (`Evidence.complete`):
  every ledger read to its marker, the run settled, every heal verified.
- A witness that its fault did not harm takes the verdict from the scenario's cells,
  except from those that are `broke`: harm that was proven stays proven, whatever
  drew it.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeVar

from harness.history import AnyEvent

Proof = Literal["presence", "absence"]


class Verdict(enum.Enum):
    """The verdict of one guarantee on one history."""

    INVALID = "invalid"
    UNKNOWN = "unknown"
    VALID = "valid"

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is neither true nor false: compare it by name")


class CellVerdict(enum.Enum):
    """The verdict of one cell: one scenario, one design."""

    BROKE = "broke"
    NONE = "none"
    WEAKNESS = "weakness"
    KEPT = "kept"

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is neither true nor false: compare it by name")


AnyVerdict = TypeVar("AnyVerdict", Verdict, CellVerdict)


def worst(verdicts: Iterable[AnyVerdict]) -> AnyVerdict | None:
    """Return the worst of them, None if there are none: not knowing hides success."""
    found = set(verdicts)
    return next((each for kind in found for each in type(kind) if each in found), None)


# --- anomalies ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One counter-example to a guarantee.

    `keys` are its jobs, `events` the proof in order. `because` completes "each ..."
    ("answered 201, never published") and `cause` is the short name of what is proven
    to be behind it, or "unexplained". `proven` says whether the events that are
    there prove it, or those that are not. `explained` says of a repetition whether a
    kill, a retry or a fault lies over it; it excuses what nobody can promise.
    """

    kind: str
    keys: tuple[str, ...]
    events: tuple[AnyEvent, ...]
    because: str
    cause: str
    proven: Proof
    explained: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a checker cannot know; nobody is accused."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The anomalies of one kind with one cause and one because-sentence."""

    kind: str
    cause: str
    because: str
    proven: Proof
    explained: bool | None
    keys: tuple[str, ...]
    count: int


def group(anomalies: Iterable[Anomaly]) -> tuple[Group, ...]:
    """Gather what has the same kind and cause, the largest group first."""
    gathered: dict[tuple[str, str, str, Proof, bool | None], list[Anomaly]] = {}
    for each in anomalies:
        name = (each.kind, each.cause, each.because, each.proven, each.explained)
        gathered.setdefault(name, []).append(each)
    groups = [
        Group(
            kind=name[0],
            cause=name[1],
            because=name[2],
            proven=name[3],
            explained=name[4],
            keys=tuple(sorted({key for each in members for key in each.keys})),
            count=len(members),
        )
        for name, members in gathered.items()
    ]
    return tuple(sorted(groups, key=lambda g: (-g.count, g.kind, g.cause, g.because)))


# --- one guarantee ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the history lacks before a verdict can be earned.

    `missing` are sentences: each takes `valid` away. `complete` says that the final
    read shows all there is to see, so that absence proves something.
    """

    missing: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A guarantee's verdict on one history.

    `anomalies` stand, `excused` stand but do not count, `suspected` is how many
    seem to be there that incomplete evidence cannot prove. `promised` says that the
    design promised it, or that the scenario is a baseline.
    """

    guarantee: str
    verdict: Verdict
    promised: bool
    anomalies: tuple[Anomaly, ...] = ()
    excused: tuple[Anomaly, ...] = ()
    suspected: int = 0
    because: tuple[str, ...] = ()
    traceback: str | None = None


def judge_guarantee(
    guarantee: str,
    findings: Iterable[Anomaly | Doubt],
    *,
    promised: bool,
    evidence: Evidence,
    excuses: bool,
) -> Judgement:
    """Judge one guarantee by what its checker found and what the history lacks.

    `excuses` says that the cell had a fault and that nobody can promise the guarantee:
    then explained anomalies do not count. A promise has no excuse.
    """
    found = tuple(findings)
    anomalies = [each for each in found if isinstance(each, Anomaly)]
    standing = [
        each for each in anomalies if each.proven == "presence" or evidence.complete
    ]
    no_excuse = promised or not excuses
    counted = tuple(each for each in standing if no_excuse or not each.explained)
    excused = tuple(each for each in standing if each.explained and not no_excuse)
    doubts = tuple(each.because for each in found if isinstance(each, Doubt))
    verdict = Verdict.VALID
    if counted:
        verdict = Verdict.INVALID
    elif doubts or evidence.missing:
        verdict = Verdict.UNKNOWN
    return Judgement(
        guarantee=guarantee,
        verdict=verdict,
        promised=promised,
        anomalies=counted,
        excused=excused,
        suspected=len(anomalies) - len(standing),
        because=doubts,
    )


def crashed(guarantee: str, traceback: str, *, promised: bool) -> Judgement:
    """Judge a guarantee whose checker crashed: unknown, with its traceback."""
    return Judgement(
        guarantee=guarantee,
        verdict=Verdict.UNKNOWN,
        promised=promised,
        because=(f"the checker of {guarantee} crashed",),
        traceback=traceback,
    )


# --- one cell -----------------------------------------------------------------


def judge_cell(judgements: Sequence[Judgement], *, evidence: Evidence) -> CellVerdict:
    """Combine the guarantees of a cell: broke, none, weakness, none, kept."""
    promised = {each.verdict for each in judgements if each.promised}
    others = {each.verdict for each in judgements if not each.promised}
    if Verdict.INVALID in promised:
        return CellVerdict.BROKE
    if evidence.missing or Verdict.UNKNOWN in promised:
        return CellVerdict.NONE
    if Verdict.INVALID in others:
        return CellVerdict.WEAKNESS
    if Verdict.UNKNOWN in others:
        return CellVerdict.NONE
    return CellVerdict.KEPT


# --- one scenario: did its fault prove anything? ------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one cell of this design showed, and if it was all read.

    `kinds` are those of its anomalies, with and without the cause; `in_doubt` those of
    which its checkers could not tell.
    """

    design: str
    kinds: frozenset[str]
    complete: bool
    in_doubt: frozenset[str] = frozenset()

    def lacks(self, kind: str) -> bool:
        """Say whether it is known not to have shown this kind, or kind and cause."""
        doubted = kind.partition(": ")[0] in self.in_doubt
        return self.complete and not doubted and kind not in self.kinds


State = Literal["seen", "spared", "unharmed", "not spared", "not cross-checked"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossCheck:
    """Whether the scenario's witnesses were harmed as its `bites` say.

    `state` is "seen" (each was), "spared" (none was, and the scenario says that this
    Celery has no such fault), "unharmed" (one was not: the fault proved nothing), "not
    spared" (one was, with a Celery that the scenario says has no such fault), "not
    cross-checked" (no witness ran, or one left no complete evidence) or None (the
    scenario names no witness).
    """

    state: State
    because: str = ""

    @property
    def fails(self) -> bool:
        """Say whether the scenario is not what it says, and its cells prove nothing."""
        return self.state in {"unharmed", "not spared"}


def cross_check(
    bites: Mapping[str, Sequence[str]],
    shown: Mapping[str, Shown],
    *,
    spared: str | None = None,
) -> CrossCheck:
    """Compare what had to show in each witness with what its cells showed.

    `bites` is design -> kinds, `shown` is by lane. `spared` names the Celery of these
    lanes where the scenario says that they do not have the fault.
    """
    if not bites:
        return CrossCheck(state=None)
    open_questions = []
    for design, kinds in sorted(bites.items()):
        lanes = {lane: each for lane, each in shown.items() if each.design == design}
        if not lanes:
            open_questions.append(f"the witness {design} did not run")
        for lane, seen in sorted(lanes.items()):
            failed = _failed(lane, seen, kinds, spared)
            if failed is not None:
                return failed
            open_questions += _open_questions(lane, seen, kinds)
    if open_questions:
        why = "not cross-checked: " + "; ".join(open_questions)
        return CrossCheck(state="not cross-checked", because=why)
    if spared is not None:
        return CrossCheck(
            state="spared",
            because=f"Celery {spared} does not have the fault that this story shows, "
            "and no witness was harmed by it",
        )
    return CrossCheck(state="seen")


def _failed(
    lane: str, seen: Shown, kinds: Sequence[str], spared: str | None
) -> CrossCheck | None:
    """Return how the witness's lane shows that the scenario is not what it says."""
    harmed_by = sorted(set(kinds) & seen.kinds)
    if spared is not None and harmed_by:
        return CrossCheck(
            state="not spared",
            because=f"the story is wrong about Celery {spared}: {lane} was harmed, too"
            f" ({', '.join(harmed_by)})",
        )
    lacking = sorted(kind for kind in set(kinds) if seen.lacks(kind))
    if spared is None and lacking:
        return CrossCheck(
            state="unharmed",
            because=f"the fault proved nothing: {lane} was not harmed"
            f" (no {', no '.join(lacking)})",
        )
    return None


def _open_questions(lane: str, seen: Shown, kinds: Sequence[str]) -> Iterator[str]:
    """Say what nobody knows of the witness's lane."""
    unknown = sorted(kind for kind in set(kinds) - seen.kinds if not seen.lacks(kind))
    if unknown and not seen.complete:
        yield f"the evidence of the witness {lane} is incomplete"
    elif unknown:
        yield (
            f"whether the witness {lane} was harmed is not known ({', '.join(unknown)})"
        )


def after_cross_check(verdict: CellVerdict, check: CrossCheck) -> CellVerdict:
    """Take the verdict of a cell whose fault proved nothing; what broke stays so."""
    if check.fails and verdict is not CellVerdict.BROKE:
        return CellVerdict.NONE
    return verdict
