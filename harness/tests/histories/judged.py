"""Histories of the builder, judged for tests."""

from collections.abc import Mapping

from harness.history import History
from harness.report.cells import judge_history
from harness.report.results import CellResult


def judged(history: History) -> CellResult:
    """Judge a history of the builder's cell."""
    return judge_history(history, scenario="story", design="careful").result


def shown(result: CellResult) -> Mapping[str, tuple[str, ...]]:
    """Return each standing anomaly with its keys."""
    assert result.harness_error is None
    return {
        anomaly.kind: anomaly.jobs
        for found in result.guarantees.values()
        for anomaly in found.anomalies
    }
