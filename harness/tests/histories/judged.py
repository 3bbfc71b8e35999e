"""Histories of the builder, judged for tests."""

from collections.abc import Mapping

from harness.history import History
from harness.report.cells import judge_history
from harness.report.results import CellResult
from harness.tests.histories.damage import ALSO, harmed_key


def judged(history: History) -> CellResult:
    """Judge a history of the builder's cell."""
    return judge_history(history, scenario="story", lane="careful").result


def shown(result: CellResult) -> Mapping[str, tuple[str, ...]]:
    """Return each standing anomaly with its keys."""
    assert result.harness_error is None
    return {
        anomaly.kind: anomaly.jobs
        for found in result.guarantees.values()
        for anomaly in found.anomalies
    }


def expected(kind: str, number: int) -> Mapping[str, tuple[str, ...]]:
    """Return what a damage must show: its anomaly, and what that implies."""
    key = harmed_key(kind, number)
    return dict.fromkeys((kind, *ALSO.get(kind, ())), (key,))
