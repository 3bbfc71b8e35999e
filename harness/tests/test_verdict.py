"""The rules by which anomalies and missing evidence become verdicts."""

import pytest

from harness.verdict import (
    Anomaly,
    CellVerdict,
    CrossCheck,
    Doubt,
    Evidence,
    Judgement,
    Proof,
    Shown,
    State,
    Verdict,
    after_cross_check,
    crashed,
    cross_check,
    group,
    judge_cell,
    judge_guarantee,
    worst,
)

WHOLE = Evidence(missing=(), complete=True)
PARTIAL = Evidence(missing=("the database ledger was not read",), complete=False)
NO_FLOOR = Evidence(missing=("too little work",), complete=True)


def anomaly(
    proven: Proof = "presence",
    *,
    kind: str = "thing",
    key: str = "k1",
    because: str = "so",
    explained: bool = False,
) -> Anomaly:
    """Return a counter-example."""
    return Anomaly(
        kind=kind,
        keys=(key,),
        events=(),
        because=because,
        cause="unexplained",
        proven=proven,
        explained=explained,
    )


def judged(
    *findings: Anomaly | Doubt,
    promised: bool = False,
    evidence: Evidence = WHOLE,
    excuses: bool = True,
) -> Judgement:
    """Judge a guarantee by these findings."""
    return judge_guarantee(
        "a_guarantee",
        findings,
        promised=promised,
        evidence=evidence,
        excuses=excuses,
    )


def of(verdict: Verdict, *, promised: bool = False) -> Judgement:
    """Return a judgement with this verdict."""
    return Judgement(guarantee="a_guarantee", verdict=verdict, promised=promised)


@pytest.mark.parametrize("verdict", [*Verdict, *CellVerdict])
def test_a_verdict_refuses_to_be_a_truth_value(verdict: Verdict | CellVerdict) -> None:
    """Using a verdict in an if is an error, so that unknown can't pass for true."""
    with pytest.raises(TypeError) as refused:
        bool(verdict)
    assert str(refused.value) == (
        "a verdict is neither true nor false: compare it by name"
    )


def test_the_worst_verdict_wins() -> None:
    """Invalid hides unknown, and unknown hides valid."""
    assert worst([Verdict.VALID, Verdict.UNKNOWN]) is Verdict.UNKNOWN
    assert worst(Verdict) is Verdict.INVALID
    assert worst(CellVerdict) is CellVerdict.BROKE
    assert worst([CellVerdict.KEPT, CellVerdict.WEAKNESS]) is CellVerdict.WEAKNESS
    assert worst([CellVerdict.NONE, CellVerdict.WEAKNESS]) is CellVerdict.NONE
    assert worst([]) is None


def test_nothing_found_on_whole_evidence_is_valid() -> None:
    """Valid is what is left when all was read and nothing was found."""
    assert judged().verdict is Verdict.VALID


@pytest.mark.parametrize("evidence", [PARTIAL, NO_FLOOR])
def test_nothing_found_on_missing_evidence_is_unknown(evidence: Evidence) -> None:
    """Whatever is missing takes valid away."""
    assert judged(evidence=evidence).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("evidence", [WHOLE, PARTIAL, NO_FLOOR])
def test_presence_stands_on_any_evidence(evidence: Evidence) -> None:
    """What is there is there, however much is missing."""
    assert judged(anomaly("presence"), evidence=evidence).verdict is Verdict.INVALID


def test_absence_stands_only_on_a_complete_read() -> None:
    """What is not there may just not have been read; it is counted as suspected."""
    assert judged(anomaly("absence")).verdict is Verdict.INVALID
    assert judged(anomaly("absence"), evidence=NO_FLOOR).verdict is Verdict.INVALID
    doubtful = judged(anomaly("absence"), evidence=PARTIAL)
    assert doubtful.verdict is Verdict.UNKNOWN
    assert (doubtful.anomalies, doubtful.suspected) == ((), 1)
    both = judged(anomaly("absence"), anomaly("presence"), evidence=PARTIAL)
    assert (len(both.anomalies), both.suspected) == (1, 1)


def test_a_doubt_is_unknown_and_an_anomaly_beside_it_is_invalid() -> None:
    """A checker that cannot know accuses nobody, and hides nothing."""
    doubt = Doubt(because="dirty start")
    assert judged(doubt).verdict is Verdict.UNKNOWN
    assert judged(doubt).because == ("dirty start",)
    assert judged(doubt, anomaly()).verdict is Verdict.INVALID


def test_a_fault_excuses_what_it_explains_but_not_of_a_promise() -> None:
    """Explained is a number on the cell, not harm; a baseline has no excuse."""
    explained = anomaly(explained=True)
    excused = judged(explained)
    assert excused.verdict is Verdict.VALID
    assert (excused.anomalies, excused.excused) == ((), (explained,))
    assert judged(explained, promised=True).verdict is Verdict.INVALID
    assert judged(explained, excuses=False).verdict is Verdict.INVALID
    assert judged(explained, anomaly()).verdict is Verdict.INVALID


def test_a_crashed_checker_is_unknown_with_its_traceback() -> None:
    """A crash is not knowing, and it can be read."""
    judgement = crashed("a_guarantee", "Traceback ...", promised=True)
    assert judgement.verdict is Verdict.UNKNOWN
    assert judgement.traceback == "Traceback ..."
    assert judgement.because == ("the checker of a_guarantee crashed",)
    assert judgement.promised
    assert judgement.guarantee == "a_guarantee"


@pytest.mark.parametrize(
    ("promised", "other", "evidence", "verdict"),
    [
        (Verdict.VALID, Verdict.VALID, WHOLE, CellVerdict.KEPT),
        (Verdict.VALID, Verdict.INVALID, WHOLE, CellVerdict.WEAKNESS),
        (Verdict.VALID, Verdict.UNKNOWN, WHOLE, CellVerdict.NONE),
        (Verdict.UNKNOWN, Verdict.INVALID, WHOLE, CellVerdict.NONE),
        (Verdict.INVALID, Verdict.UNKNOWN, WHOLE, CellVerdict.BROKE),
        (Verdict.INVALID, Verdict.VALID, PARTIAL, CellVerdict.BROKE),
        (Verdict.VALID, Verdict.INVALID, NO_FLOOR, CellVerdict.NONE),
        (Verdict.VALID, Verdict.VALID, PARTIAL, CellVerdict.NONE),
    ],
)
def test_a_cell_is_broke_then_none_then_weakness_then_none_then_kept(
    promised: Verdict, other: Verdict, evidence: Evidence, verdict: CellVerdict
) -> None:
    """The order of `judging.md` §6 holds for each pair of guarantees."""
    judgements = [of(promised, promised=True), of(other)]
    assert judge_cell(judgements, evidence=evidence) is verdict


def test_groups_put_the_same_kind_and_cause_together_largest_first() -> None:
    """Two jobs harmed alike are one line with two keys."""
    groups = group(
        [
            anomaly(key="k3", because="else"),
            anomaly(key="k2"),
            anomaly(key="k1"),
        ]
    )
    assert {each.proven for each in groups} == {"presence"}
    assert [each.explained for each in groups] == [False, False]
    assert [(each.keys, each.count, each.because) for each in groups] == [
        (("k1", "k2"), 2, "so"),
        (("k3",), 1, "else"),
    ]


BITES = {"tutorial": ("stranded_pending", "terminal_flip")}


def shown(
    *kinds: str,
    complete: bool = True,
    design: str = "tutorial",
    in_doubt: tuple[str, ...] = (),
) -> Shown:
    """Return what a witness showed."""
    return Shown(
        design=design,
        kinds=frozenset(kinds),
        complete=complete,
        in_doubt=frozenset(in_doubt),
    )


def test_a_scenario_without_witness_needs_no_cross_check() -> None:
    """Where nothing must bite, nothing is asked."""
    assert cross_check({}, {"tutorial": shown()}).state is None


def test_a_witness_must_show_every_kind_that_is_named() -> None:
    """One of two is not enough: the fault drew less than it should."""
    seen = cross_check(BITES, {"tutorial": shown(*BITES["tutorial"], "more")})
    assert seen.state == "seen"
    half = cross_check(BITES, {"tutorial": shown("stranded_pending")})
    assert half.state == "unharmed"
    because = "the fault proved nothing: tutorial was not harmed"
    assert half.because == f"{because} (no terminal_flip)"
    none = cross_check(BITES, {"tutorial": shown()})
    assert none.because == f"{because} (no stranded_pending, no terminal_flip)"


def test_a_witness_that_did_not_run_leaves_the_cells_not_cross_checked() -> None:
    """With `-k outbox` there is no witness, and the cells keep their verdict."""
    check = cross_check(BITES, {"outbox": shown(design="outbox")})
    assert check.state == "not cross-checked"
    assert check.because == "not cross-checked: the witness tutorial did not run"
    both = cross_check(BITES | {"absent": ("a",)}, {"tutorial": shown(complete=False)})
    assert both.because == (
        "not cross-checked: the witness absent did not run;"
        " the evidence of the witness tutorial is incomplete"
    )


def test_a_witness_on_partial_evidence_is_no_proof_of_being_unharmed() -> None:
    """What was not seen there may not have been read."""
    check = cross_check(BITES, {"tutorial": shown(complete=False)})
    assert check.state == "not cross-checked"
    assert cross_check(BITES, {"tutorial": shown(*BITES["tutorial"], complete=False)})


def test_a_witness_whose_checker_cannot_tell_is_not_called_unharmed() -> None:
    """Nor is a Celery said to spare it. What is certain beside it counts."""
    doubt = shown(in_doubt=("late",))
    for kind in ("late", "late: not consumed"):
        for spared in (None, "5.6.3"):
            check = cross_check(
                {"tutorial": (kind,)}, {"tutorial": doubt}, spared=spared
            )
            assert check.state == "not cross-checked"
            assert check.because.endswith(
                f"whether the witness tutorial was harmed is not known ({kind})"
            )
    both = cross_check({"tutorial": ("late", "lost")}, {"tutorial": doubt})
    assert both.because == "the fault proved nothing: tutorial was not harmed (no lost)"


def test_one_unharmed_witness_outweighs_one_that_did_not_run() -> None:
    """The proof that the fault proved nothing needs no second witness."""
    bites = {"absent": ("a",), "tutorial": ("b",)}
    assert cross_check(bites, {"tutorial": shown()}).state == "unharmed"


def test_each_lane_of_a_witness_must_be_harmed() -> None:
    """A design that runs several times is a witness each time; it is named by lane."""
    bites = {"tutorial": ("a",)}
    check = cross_check(bites, {"tutorial@5.6.3": shown("a"), "tutorial@5.7": shown()})
    assert check.state == "unharmed"
    assert "tutorial@5.7 was not harmed" in check.because


def test_a_celery_without_the_fault_must_spare_the_witness() -> None:
    """Harm where the scenario says that there is none makes it wrong about versions."""
    bites = {"tutorial": ("a", "b")}
    spared = cross_check(bites, {"tutorial": shown("c")}, spared="5.6.3")
    assert (spared.state, spared.fails) == ("spared", False)
    harmed = cross_check(bites, {"tutorial": shown("b", "c")}, spared="5.6.3")
    assert (harmed.state, harmed.fails) == ("not spared", True)
    assert harmed.because == (
        "the story is wrong about Celery 5.6.3: tutorial was harmed, too (b)"
    )
    partial = cross_check(bites, {"tutorial": shown(complete=False)}, spared="5.6.3")
    assert partial.state == "not cross-checked"
    none = cross_check(bites, {}, spared="5.6.3")
    assert none.because == "not cross-checked: the witness tutorial did not run"


def test_an_unharmed_witness_takes_every_verdict_but_broke() -> None:
    """Harm that was proven stays proven, whatever drew it."""
    failed: tuple[State, State] = ("unharmed", "not spared")
    for state in failed:
        check = CrossCheck(state=state, because="nothing")
        after = {each: after_cross_check(each, check) for each in CellVerdict}
        assert after.pop(CellVerdict.BROKE) is CellVerdict.BROKE
        assert set(after.values()) == {CellVerdict.NONE}
    passed: tuple[State, ...] = ("seen", "spared", "not cross-checked", None)
    for state in passed:
        check = CrossCheck(state=state)
        assert after_cross_check(CellVerdict.KEPT, check) is CellVerdict.KEPT
