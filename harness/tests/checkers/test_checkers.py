"""Every anomaly: a history that makes exactly it speak, and a neighbour that does not.

A checker that cannot speak is worth nothing, and one that speaks too often less.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import checkers
from harness.history import encode, parse, read
from harness.tests.histories import __main__ as pairs
from harness.tests.histories.build import (
    Facts,
    cell,
    facts,
    history,
    key_of,
    lines,
    promising,
    sealed,
)
from harness.tests.histories.damage import ALSO, DAMAGES, NEIGHBOURS, harmed_key
from harness.tests.histories.judged import judged, shown
from harness.verdict import CellVerdict, Verdict

MEASURED = ("duplicate_run", "overlap")  # of guarantees that nobody can promise
FOLDER = Path(pairs.__file__).parent


def expected(kind: str, number: int) -> dict[str, tuple[str, ...]]:
    """Return what a damage must show: its anomaly, and what that implies."""
    key = harmed_key(kind, number)
    return dict.fromkeys((kind, *ALSO.get(kind, ())), (key,))


def test_every_kind_that_a_checker_reports_has_a_damage_and_a_neighbour() -> None:
    """A new anomaly without a fixture fails here."""
    assert set(DAMAGES) == set(NEIGHBOURS) == set(checkers.kinds())


def test_known_guarantees_are_those_with_a_checker() -> None:
    """A design may promise these, and no others."""
    assert checkers.known() == {
        "every_job_starts",
        "every_started_job_ends",
        "effects_happen_once",
        "states_are_legal",
        "state_tells_the_truth",
        "answers_are_honest",
    }
    judged_only = {each.GUARANTEE for each in checkers.CHECKERS} - checkers.known()
    assert judged_only == {"runs_once", "attempts_do_not_overlap"}


def test_a_checkers_file_has_its_guarantees_name() -> None:
    """Who knows the guarantee finds the file."""
    for checker in checkers.CHECKERS:
        assert checker.__name__.endswith(f".{checker.GUARANTEE}")  # type: ignore[attr-defined]


def test_the_committed_histories_are_those_of_the_builder() -> None:
    """`python -m harness.tests.histories` was run after the last change."""
    on_disk = {path.name: path.read_bytes() for path in FOLDER.glob("*.jsonl")}
    assert on_disk == pairs.pairs()


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_history_on_disk_shows_exactly_its_anomaly(kind: str) -> None:
    """The guarantee is promised there: the cell is broken by this, and nothing else."""
    result = judged(read(FOLDER / f"{kind}.jsonl"))
    assert shown(result) == expected(kind, 2)
    measured = kind in MEASURED
    assert result.verdict is (CellVerdict.WEAKNESS if measured else CellVerdict.BROKE)
    assert [story.key for story in result.stories] == [harmed_key(kind, 2)]
    assert any(line.proof for line in result.stories[0].events)


@pytest.mark.parametrize("kind", NEIGHBOURS)
def test_its_neighbour_on_disk_is_clean(kind: str) -> None:
    """What only looks like the anomaly keeps every checker silent."""
    result = judged(read(FOLDER / f"{kind}.clean.jsonl"))
    assert shown(result) == {}
    assert result.verdict is CellVerdict.KEPT


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, int, Facts]:
    """Draw a valid history of some jobs with one of them damaged in one known way."""
    jobs = draw(st.integers(1, 5))
    number = draw(st.integers(1, jobs))
    kind = draw(st.sampled_from(sorted(DAMAGES)))
    neighbour = draw(st.sampled_from(sorted(NEIGHBOURS)))
    events = facts(jobs, asked=cell(promises=promising("effects_happen_once")))
    if jobs > 1 and draw(st.booleans()):
        events = NEIGHBOURS[neighbour](events, number % jobs + 1)
    return kind, number, DAMAGES[kind](events, number)


@settings(max_examples=150, deadline=None)
@given(damaged(), st.randoms(use_true_random=False))
def test_one_damage_is_answered_by_its_checker_alone_in_any_order_of_lines(
    drawn: tuple[str, int, Facts], luck: object
) -> None:
    """The right checker speaks, and only it; order and repetition change nothing."""
    kind, number, events = drawn
    written = [encode(event) for event in sealed(events)]
    result = judged(parse(written))
    assert shown(result) == expected(kind, number)
    luck.shuffle(written)  # type: ignore[attr-defined]
    again = written + luck.sample(written, len(written) // 2)  # type: ignore[attr-defined]
    assert judged(parse(again)) == result


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 6), st.lists(st.sampled_from(sorted(NEIGHBOURS)), max_size=3))
def test_a_valid_history_is_kept(jobs: int, neighbours: list[str]) -> None:
    """No false alarm, whatever harmless things happened to it."""
    events = facts(jobs)
    for number, name in enumerate(neighbours[:jobs], start=1):
        events = NEIGHBOURS[name](events, number)
    result = judged(history(sealed(events)))
    assert shown(result) == {}
    assert result.verdict is CellVerdict.KEPT


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_history_cut_anywhere_never_shows_an_anomaly_by_absence(
    data: st.DataObject,
) -> None:
    """Cut in the middle of a line: read up to the break, no verdict, nobody lost."""
    whole = lines(sealed(facts(4, asked=cell(promises=promising(*checkers.known())))))
    cut = data.draw(st.integers(1, len(whole) - 1))
    result = judged(parse(whole[:cut].splitlines(keepends=True)))
    assert result.verdict is CellVerdict.NONE
    assert result.because
    assert shown(result) == {}


@pytest.mark.parametrize("kind", ["lost_record", "stranded_pending", "phantom"])
def test_a_cut_ledger_takes_an_anomaly_by_absence_and_says_suspected(kind: str) -> None:
    """The promise may be broken; the evidence does not say."""
    content = (FOLDER / f"{kind}.jsonl").read_bytes().splitlines(keepends=True)
    kept = [line for line in content if b'"ledger":"client"' not in line]
    result = judged(parse(kept))
    assert result.verdict is CellVerdict.NONE
    assert shown(result) == {}
    assert sum(found.suspected for found in result.guarantees.values()) == 1


def test_a_cut_ledger_does_not_take_an_anomaly_by_presence() -> None:
    """Two effects are two effects, whatever else was not read."""
    content = (FOLDER / "duplicate_effect.jsonl").read_bytes()
    kept = content.splitlines(keepends=True)[:-1]
    result = judged(parse(kept))
    assert result.verdict is CellVerdict.BROKE
    assert result.guarantees["states_are_legal"].verdict is Verdict.UNKNOWN
    assert result.guarantees["effects_happen_once"].anomalies[0].jobs == (key_of(2),)
