"""Every anomaly: a history that makes exactly it speak, and a neighbour that does not.

A checker that cannot speak is worth nothing, and one that speaks too often less.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness import checkers
from harness.history import parse, read
from harness.tests.histories import __main__ as pairs
from harness.tests.histories.build import key_of
from harness.tests.histories.damage import DAMAGES, NEIGHBOURS, harmed_key
from harness.tests.histories.judged import expected, judged, shown
from harness.verdict import CellVerdict, Verdict

MEASURED = ("duplicate_run", "overlap")  # of guarantees that nobody can promise
FOLDER = Path(pairs.__file__).parent


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
        "answers_in_time",
        "recovers_in_time",
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


# What is said of each damage: cause, proof, whether it is explained, and why.
ROLLED_BACK = "its row never existed: published, and rolled back"
GONE = "its row was there and is gone without a delete"
STRANDED = "its attempt never ended, its message, never acknowledged, is gone"
NO_REASON = "failed without an error under a fault or a dead letter"
UNSEEN = "by nothing that was seen"
REDELIVERED = "redelivered, under refuse-rabbitmq"
ZOMBIE = "written by an attempt when a later one had entered the body"
WAITING = "default held 1 ready and 0 unacknowledged messages for 1 consumers"
SAID: Mapping[str, tuple[str, str, bool | None, str]] = {
    "lost_record": (
        "commit lost",
        "absence",
        None,
        f"answered 201, stored, row gone: {GONE}",
    ),
    "stranded_pending": (
        "never published",
        "absence",
        None,
        "answered 201, stored, never published",
    ),
    "stranded_started": (
        "dropped by the broker",
        "absence",
        None,
        f"answered 201, delivered, not ended: {STRANDED}",
    ),
    "duplicate_effect": ("redelivered", "presence", True, f"2 effects, {REDELIVERED}"),
    "duplicate_job": (
        "retried by the client",
        "presence",
        True,
        "2 rows, the client retried, under refuse-rabbitmq",
    ),
    "illegal_transition": ("unexplained", "presence", None, "pending → finished"),
    "terminal_flip": ("late write", "presence", None, "finished → started"),
    "status_regress": ("unexplained", "presence", None, "seen finished, then started"),
    "resurrected": ("unexplained", "presence", None, "answered 400, and yet it ran"),
    "orphan_run": ("published before commit", "absence", None, ROLLED_BACK),
    "phantom": ("unexplained", "absence", None, "in the database, in no request"),
    "false_success": (
        "unexplained",
        "absence",
        None,
        "finished, and no effect: it ran",
    ),
    "silent_failure": (
        "redelivered",
        "presence",
        None,
        f"failed, and its effect is there: {REDELIVERED}",
    ),
    "unexpected_failure": ("unexplained", "absence", None, NO_REASON),
    "wrong_result": ("unexplained", "presence", None, "result 255, 256 was expected"),
    "duplicate_run": ("unexplained", "presence", False, f"2 attempts, {UNSEEN}"),
    "overlap": ("unexplained", "presence", False, f"two attempts at once, {UNSEEN}"),
    "zombie_write": (
        "late write",
        "presence",
        None,
        f"started → finished, {ZOMBIE}",
    ),
    "split_brain": (
        "unexplained",
        "presence",
        None,
        "the row says finished with result 256, the API started",
    ),
    "slow_answer": (
        "waited out a fault",
        "presence",
        None,
        "answered 201 after more than 10 s, during refuse-rabbitmq",
    ),
    "unrecovered": (
        "not consumed",
        "presence",
        None,
        f"60 s after the heal published, {WAITING}",
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_what_is_said_of_an_anomaly(kind: str) -> None:
    """Word for word: a reader believes it."""
    result = judged(read(FOLDER / f"{kind}.jsonl"))
    (told,) = (
        anomaly.causes[0]
        for found in result.guarantees.values()
        for anomaly in found.anomalies
        if anomaly.kind == kind
    )
    assert (told.cause, told.proven, told.explained, told.because) == SAID[kind]


@pytest.mark.parametrize("kind", NEIGHBOURS)
def test_its_neighbour_on_disk_is_clean(kind: str) -> None:
    """What only looks like the anomaly keeps every checker silent."""
    result = judged(read(FOLDER / f"{kind}.clean.jsonl"))
    assert shown(result) == {}
    assert result.verdict is CellVerdict.KEPT


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
