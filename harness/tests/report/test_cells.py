"""One history judged whole, and the cells of a scenario judged together."""

from collections.abc import Iterator
from typing import Any

import pytest

from harness.checkers import every_job_starts
from harness.errors import NoVerdict
from harness.fates import Account
from harness.history import Cell, End, Floors, HarnessFailed, History, MachineSeen
from harness.report import cells
from harness.report.cells import Judged, judge_history, together
from harness.report.results import CellResult
from harness.tests.histories import damage
from harness.tests.histories.build import (
    Facts,
    cell,
    facts,
    history,
    promising,
    sealed,
)
from harness.verdict import Anomaly, CellVerdict, Verdict


def judge(events: Facts, **where: str) -> Judged:
    """Judge these events as the builder's cell."""
    named = {"scenario": "story", "lane": "careful"} | where
    return judge_history(history(sealed(events)), **named)


def result(events: Facts) -> CellResult:
    """Return the result of these events."""
    return judge(events).result


def asking(**fields: Any) -> Cell:
    """Return the builder's cell, with these fields changed."""
    return cell(**fields)


def test_a_clean_cell_is_kept_and_says_where_its_jobs_went() -> None:
    """Kept is told with the denominator."""
    found = result(facts(3))
    assert found.verdict is CellVerdict.KEPT
    assert found.because == ("3 jobs asked for: 3 done once",)
    assert found.kept_its_promise


def test_unpromised_harm_is_a_weakness_and_promised_harm_breaks() -> None:
    """The same harm, judged by what the design said."""
    weak = result(damage.stranded_pending(facts(3), 2))
    assert weak.verdict is CellVerdict.WEAKNESS
    assert weak.kept_its_promise
    assert weak.because[0].startswith("every_job_starts is not kept: 1 job pending")
    asked = asking(promises=promising("every_job_starts"))
    broke = result(damage.stranded_pending(facts(3, asked=asked), 2))
    assert broke.verdict is CellVerdict.BROKE
    assert not broke.kept_its_promise
    assert broke.because[0].startswith("every_job_starts is promised and broken: 1 job")


def test_a_cell_without_a_verdict_refuses_to_say_whether_it_kept_its_promise() -> None:
    """Not knowing raises, with the reason, so that no test passes by it."""
    found = result(facts(2, asked=asking(floors=Floors())))
    assert found.verdict is CellVerdict.NONE
    with pytest.raises(NoVerdict, match="story × careful has no verdict: too little"):
        _ = found.kept_its_promise


def test_in_a_baseline_every_guarantee_is_judged_as_if_promised() -> None:
    """There is no fault to excuse anything."""
    asked = asking(faults=())
    found = result(damage.terminal_flip(facts(3, asked=asked), 2))
    assert found.baseline
    assert found.verdict is CellVerdict.BROKE
    guarantee = found.guarantees["states_are_legal"]
    assert (guarantee.promised, guarantee.judged_as_promised) == (False, True)


def test_a_scenario_without_faults_that_must_bite_is_no_baseline() -> None:
    """Its weakness stays one, and the cross-check says that it proved nothing."""
    asked = asking(faults=(), bites={"careful": ("stranded_pending",)})
    judged = judge(facts(3, asked=asked))
    assert not judged.result.baseline
    (crossed,) = together([judged])
    assert crossed.verdict is CellVerdict.NONE
    assert crossed.because == (
        "the fault proved nothing: careful was not harmed (no stranded_pending)",
    )


def test_a_promise_without_a_checker_gives_no_verdict() -> None:
    """A promise that nobody can judge is not kept by silence."""
    found = result(facts(2, asked=asking(promises=promising("never_sleeps"))))
    assert found.verdict is CellVerdict.NONE
    assert found.because == (
        "never_sleeps is promised, and there is no checker for it",
    )
    assert found.guarantees["never_sleeps"].verdict is Verdict.UNKNOWN


def test_a_failure_of_the_harness_is_no_verdict_and_is_marked() -> None:
    """Exit code 3 comes from this mark."""
    failed = HarnessFailed(time=1005.0, because="the broker's API is gone")
    found = result([*damage.stranded_pending(facts(3), 2), failed])
    assert found.verdict is CellVerdict.NONE
    assert found.harness_error == "the broker's API is gone"
    assert found.because == ("the harness failed: the broker's API is gone",)


def test_a_crashed_checker_is_unknown_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its traceback is kept, and a broken promise beside it is still broken."""

    def crash(_: Account) -> Iterator[Anomaly]:
        raise ZeroDivisionError

    monkeypatch.setattr(every_job_starts, "check", crash)
    found = result(facts(2))
    assert found.verdict is CellVerdict.NONE
    assert found.because == ("the checker of every_job_starts crashed",)
    crashed = found.guarantees["every_job_starts"]
    assert "ZeroDivisionError" in (crashed.traceback or "")
    asked = asking(promises=promising("states_are_legal"))
    broke = result(damage.terminal_flip(facts(2, asked=asked), 2))
    assert broke.verdict is CellVerdict.BROKE


def test_a_crash_of_judging_itself_is_a_harness_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is said in its own cell, and hides no other."""

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cells, "fold", crash)
    found = result(facts(2))
    assert found.verdict is CellVerdict.NONE
    assert "ZeroDivisionError" in (found.harness_error or "")


@pytest.mark.parametrize(
    ("read", "because"),
    [
        (History(events=()), "the history is empty"),
        (History(events=(), broken="line 1 cannot be read"), "line 1 cannot be read"),
        (
            History(events=(End(time=1.0, events=1),)),
            "the history has no cell event: what was asked is unknown",
        ),
    ],
)
def test_a_history_that_does_not_say_what_was_asked_has_no_verdict(
    read: History, because: str
) -> None:
    """Empty, broken at once, or without its first event."""
    found = judge_history(read, scenario="story", lane="careful").result
    assert (found.verdict, found.because) == (CellVerdict.NONE, (because,))


def test_a_history_in_the_wrong_folder_has_no_verdict() -> None:
    """Evidence of another cell proves nothing about this one."""
    found = judge(facts(2), lane="other").result
    assert found.verdict is CellVerdict.NONE
    assert found.because == ("the history is of story × careful",)


def test_two_cells_in_one_history_have_no_verdict() -> None:
    """Their events cannot be told apart; the same line twice is no second cell."""
    assert result([*facts(2), cell()]).verdict is CellVerdict.KEPT
    found = result([*facts(2), cell(seed=8)])
    assert found.verdict is CellVerdict.NONE
    assert "the history holds more than one cell" in found.because


# --- cells of one scenario ----------------------------------------------------

BITES = {"weak": ("stranded_pending",)}
LANES = ("weak", "strong")


def lane(design: str, *, harmed: bool = False, **fields: Any) -> Judged:
    """Judge one lane of a scenario whose fault must bite `weak`."""
    asked = asking(**({"design": design, "lanes": LANES, "bites": BITES} | fields))
    events = facts(3, asked=asked)
    if harmed:
        events = damage.stranded_pending(events, 2)
    return judge(events, lane=asked.lane)


def verdicts(*lanes: Judged) -> list[CellVerdict]:
    """Return the verdicts after the cross-check."""
    return [each.verdict for each in together(lanes)]


def test_a_harmed_witness_lets_the_cells_keep_their_verdicts() -> None:
    """The fault was shown to bite."""
    crossed = together([lane("weak", harmed=True), lane("strong")])
    assert [each.verdict for each in crossed] == [
        CellVerdict.WEAKNESS,
        CellVerdict.KEPT,
    ]
    assert {each.cross_check for each in crossed} == {"seen"}


def test_an_unharmed_witness_takes_the_verdict_of_all_cells() -> None:
    """The fault proved nothing, also not for the strong design."""
    crossed = together([lane("weak"), lane("strong")])
    assert {each.verdict for each in crossed} == {CellVerdict.NONE}
    assert all("weak was not harmed" in each.because[0] for each in crossed)


def test_a_promise_broken_beside_an_unharmed_witness_stays_broken() -> None:
    """Proven harm needs no witness."""
    strong = lane("strong", harmed=True, promises=promising("every_job_starts"))
    assert verdicts(lane("weak"), strong) == [CellVerdict.NONE, CellVerdict.BROKE]


def test_without_the_witness_cells_keep_their_verdict_and_are_marked() -> None:
    """`-k strong`: the witness is not among the lanes, or left no history."""
    for lanes in (("strong",), LANES):
        (crossed,) = together([lane("strong", lanes=lanes)])
        assert crossed.verdict is CellVerdict.KEPT
        assert crossed.cross_check == (
            "not cross-checked: the witness weak did not run"
        )


def test_a_witness_with_incomplete_evidence_is_not_called_unharmed() -> None:
    """It has no verdict itself; the others are marked."""
    asked = asking(design="weak", lanes=LANES, bites=BITES)
    cut = judge_history(history(facts(3, asked=asked)), scenario="story", lane="weak")
    weak, strong = together([cut, lane("strong")])
    assert (weak.verdict, strong.verdict) == (CellVerdict.NONE, CellVerdict.KEPT)
    assert "evidence of the witness weak is incomplete" in (strong.cross_check or "")


def test_a_witness_whose_checker_could_not_tell_is_not_called_unharmed() -> None:
    """Its backlog was late on a machine without CPU to spare: nobody knows why."""
    bites = {"weak": ("unrecovered",)}
    asked = asking(design="weak", lanes=LANES, bites=bites)
    late = damage.unrecovered(facts(3, asked=asked), 2)
    busy = MachineSeen(since=1000.0, time=1080.0, idle=0.0)
    weak = judge_history(history(sealed([*late, busy])), scenario="story", lane="weak")
    told, strong = together([weak, lane("strong", bites=bites)])
    assert (told.verdict, strong.verdict) == (CellVerdict.NONE, CellVerdict.KEPT)
    assert "the witness weak was harmed is not known" in (strong.cross_check or "")


OLD, NEW = "5.6.3", "5.7.0"


def versioned(celery: str, *, design: str = "weak", **fields: Any) -> Judged:
    """Judge a lane of a scenario that is run with two versions of Celery."""
    lanes = tuple(f"{each}@{version}" for each in LANES for version in (OLD, NEW))
    name = f"{design}@{celery}"
    fields = {"lane": name, "celery": celery, "lanes": lanes} | fields
    return lane(design, **fields)


def test_each_celery_is_cross_checked_by_its_own_witness() -> None:
    """What `bites` says of a design counts for each of its versions by itself."""
    crossed = together(
        [
            versioned(OLD, harmed=True),
            versioned(NEW),
            versioned(OLD, design="strong"),
            versioned(NEW, design="strong"),
        ]
    )
    weakness, kept, none = CellVerdict.WEAKNESS, CellVerdict.KEPT, CellVerdict.NONE
    assert [each.verdict for each in crossed] == [weakness, none, kept, none]
    assert crossed[2].cross_check == "seen"
    assert "weak@5.7.0 was not harmed" in crossed[3].because[0]


@pytest.mark.parametrize(
    ("bites_in", "harmed", "state"),
    [
        ({OLD: True}, True, "seen"),
        ({OLD: True}, False, "the fault proved nothing: weak@5.6.3 was not harmed"),
        ({OLD: False}, False, "Celery 5.6.3 does not have the fault"),
        ({OLD: False}, True, "the story is wrong about Celery 5.6.3: weak@5.6.3 was"),
        ({NEW: True}, False, "the story says nothing of Celery 5.6.3"),
        ({NEW: False}, True, "the story says nothing of Celery 5.6.3"),
    ],
)
def test_a_scenario_may_name_the_versions_that_have_its_fault(
    *, bites_in: dict[str, bool], harmed: bool, state: str
) -> None:
    """Where it is wrong about one, in either way, that one's cells have no verdict."""
    (crossed,) = together([versioned(OLD, harmed=harmed, bites_in=bites_in)])
    assert state in (crossed.cross_check or "")
    wrong = "proved nothing" in state or "is wrong" in state
    assert (crossed.verdict is CellVerdict.NONE) is wrong


@pytest.mark.parametrize(
    ("cause", "seen"), [("never published", True), ("dropped by the broker", False)]
)
def test_a_witness_may_have_to_show_a_cause(cause: str, *, seen: bool) -> None:
    """Where two failures have one anomaly, its cause says which of them it was."""
    bites = {"weak": (f"stranded_pending: {cause}",)}
    (crossed,) = together([lane("weak", harmed=True, bites=bites)])
    assert (crossed.cross_check == "seen") is seen


def test_a_lane_with_a_celery_of_its_own_tells_what_it_ran_with() -> None:
    """Any other is as the run's own list of versions says."""
    told, plain = versioned(OLD).result, lane("weak").result
    assert (told.lane, told.design, told.celery) == ("weak@5.6.3", "weak", OLD)
    assert told.versions == {"celery": "5.5"}
    assert (plain.lane, plain.celery, plain.versions) == ("weak", "", {})


# --- what is told -------------------------------------------------------------


def test_jobs_harmed_alike_are_one_sentence_with_a_count() -> None:
    """Groups before individuals."""
    events = facts(5)
    for number in (2, 3, 4):
        events = damage.stranded_pending(events, number)
    found = result(events)
    (because,) = found.because
    assert because == (
        "every_job_starts is not kept:"
        " 3 jobs pending for ever: each answered 201, stored, never published"
    )
    (anomaly,) = found.guarantees["every_job_starts"].anomalies
    assert (anomaly.count, len(anomaly.jobs)) == (3, 3)
    assert anomaly.sentence == "3 jobs pending for ever"


def test_stories_beyond_the_limit_are_counted_but_not_told() -> None:
    """Every harmed job is named; the first 50 of a cause are told in full."""
    events = facts(60)
    for number in range(1, 61):
        events = damage.stranded_pending(events, number)
    found = result(events)
    assert len(found.stories) == 60
    assert sum(1 for story in found.stories if story.events) == 50
    assert all(story.answers == (201,) for story in found.stories)


def test_recovery_runs_from_the_verified_heal_to_the_last_job_asked_before_it() -> None:
    """Jobs asked for after the heal are not backlog; a stuck one never recovers."""
    asked = asking()
    events = [*facts(3, asked=asked)]
    assert result(events).recovery_seconds == 0.0  # all ended before the heal
    late = damage.second_attempt(facts(3), 3)  # ends at 1004.45, verified at 1004.2
    assert result(late).recovery_seconds == pytest.approx(0.25)
    assert result(damage.stranded_pending(events, 2)).recovery_seconds is None
    assert result(facts(3, asked=asking(faults=()))).recovery_seconds is None


def test_a_faults_four_times_are_told_since_the_cell_began() -> None:
    """And how many jobs were accepted while it was on."""
    (fault,) = result(facts(20)).faults
    times = (fault.asked, fault.confirmed, fault.healed, fault.verified)
    assert times == (2.0, 2.2, 4.0, 4.2)
    assert fault.accepted_meanwhile == 9  # jobs 12 to 20, answered from 1002.22 on
    assert fault.problem is None
