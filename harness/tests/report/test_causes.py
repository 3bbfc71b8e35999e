"""Each cause in a sentence, and how sure it is."""

import pytest
from msgspec.structs import replace

from harness.report import causes
from harness.report.results import CauseResult
from harness.tests.histories import damage
from harness.tests.histories.build import facts, history, sealed
from harness.tests.histories.causes import EXAMPLES
from harness.tests.histories.judged import judged


def found(harm: damage.Damage) -> list[tuple[str, CauseResult]]:
    """Return the kinds and causes that judging finds in a damaged history."""
    result = judged(history(sealed(harm(facts(3), 2))))
    return [
        (anomaly.kind, cause)
        for each in result.guarantees.values()
        for anomaly in (*each.anomalies, *each.excused)
        for cause in anomaly.causes
    ]


def cause(name: str, *, because: str = "seen so") -> CauseResult:
    """Return a cause of this name."""
    return CauseResult(
        sentence="",
        cause=name,
        because=because,
        proven="presence",
        explained=None,
        count=1,
        jobs=("k",),
    )


@pytest.mark.parametrize("name", [*damage.DAMAGES, *EXAMPLES])
def test_every_cause_that_judging_names_has_a_sentence(name: str) -> None:
    """A newcomer shall not meet a bare code."""
    harm = damage.DAMAGES[name] if name in damage.DAMAGES else EXAMPLES[name].harm
    for _, each in found(harm):
        assert each.cause in causes.CLAUSES or each.cause == causes.UNEXPLAINED


def test_a_sentence_says_what_befell_a_job_and_why() -> None:
    """One job, some jobs, and a cause that nobody has put into words."""
    known, odd = cause("never published"), cause("bad weather", because="it rained")
    told = causes.sentence("stranded_pending", known)
    why = "because its message was never handed to the broker"
    assert told == f"Job pending for ever {why}."
    many = [replace(known, count=3), replace(known, count=2)]
    assert causes.sentence_of_all("stranded_pending", many) == (
        f"5 jobs pending for ever, each {why}"
    )
    assert causes.sentence("stranded_pending", odd).endswith("because it rained.")


@pytest.mark.parametrize(
    ("kind", "name", "sure"),
    [
        ("stranded_started", "acknowledged too early", "proven"),
        ("zombie_write", "late write", "proven"),
        ("terminal_flip", "late write", "likely"),
        ("stranded_pending", "stuck prefetched", "likely"),
        ("slow_answer", "waited out a fault", "likely"),
        ("wrong_result", "unexplained", "unexplained"),
    ],
)
def test_what_is_only_likely_is_not_called_proven(
    kind: str, name: str, sure: str
) -> None:
    """A broker counts messages and names none; a fault nearby proves nothing."""
    assert causes.confidence(kind, cause(name)) == sure
    assert causes.how_sure(kind, cause(name)).startswith(sure)


def test_unexplained_harm_is_told_as_it_was_seen() -> None:
    """No because where there is none."""
    odd = cause(causes.UNEXPLAINED, because="result 8, 256 was expected")
    assert causes.sentence("wrong_result", odd) == (
        "Job with a wrong result, unexplained: result 8, 256 was expected."
    )
