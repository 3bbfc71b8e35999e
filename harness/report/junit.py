"""junit.xml for CI: a suite for each design, a test case for each scenario.

It exists so that a pipeline shows broken promises where it shows failed tests: broke
is a failure, no verdict is an error, a weakness passes with what was observed as
properties (`reporting.md` §4.1).
"""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from harness.report.results import CellResult, RunResult, anchor
from harness.verdict import CellVerdict

JOBS_NAMED = 20

# What XML 1.0 cannot hold, not even escaped.
_INVALID = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: RunResult) -> str:
    """Return the run as JUnit XML, in the flavour that Jenkins reads."""
    root = ET.Element("testsuites", name="celery-proving-ground")
    not_run = [(each.scenario, each.design, each.because) for each in result.not_run]
    designs = [cell.design for cell in result.cells] + [each[1] for each in not_run]
    for design in dict.fromkeys(designs):
        cells = [cell for cell in result.cells if cell.design == design]
        skipped = [each for each in not_run if each[1] == design]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_clean(design),
            tests=str(len(cells) + len(skipped)),
            failures=str(_count(cells, CellVerdict.BROKE)),
            errors=str(_count(cells, CellVerdict.NONE)),
            skipped=str(len(skipped)),
        )
        for cell in cells:
            _case(suite, cell, seed=result.run.seed)
        for scenario, _, because in skipped:
            case = _named(suite, scenario, design)
            ET.SubElement(case, "skipped", message=_clean(because))
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n"


def _count(cells: Iterable[CellResult], verdict: CellVerdict) -> int:
    return sum(1 for cell in cells if cell.verdict is verdict)


def _named(
    suite: ET.Element, scenario: str, design: str, seconds: float | None = None
) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        name=_clean(scenario),
        classname=_clean(design),
        time=f"{seconds or 0:.3f}",
    )


def _case(suite: ET.Element, cell: CellResult, *, seed: int) -> None:
    case = _named(suite, cell.scenario, cell.design, cell.seconds)
    properties = ET.SubElement(case, "properties")
    for name, value in _properties(cell, seed):
        ET.SubElement(properties, "property", name=_clean(name), value=_clean(value))
    because = "\n".join(cell.because)
    if cell.verdict is CellVerdict.BROKE:
        failure = ET.SubElement(
            case, "failure", type="broke", message=_clean(cell.because[0])
        )
        failure.text = _clean(f"{because}\n{_jobs(cell)}")
    elif cell.verdict is CellVerdict.NONE:
        kind = "harness error" if cell.harness_error else "no verdict"
        message = cell.because[0] if cell.because else kind
        error = ET.SubElement(case, "error", type=kind, message=_clean(message))
        error.text = _clean(because)
    out = ET.SubElement(case, "system-out")
    page = f"index.html#{anchor(cell.scenario, cell.design)}"
    out.text = _clean(f"{because}\n{page}\n[[ATTACHMENT|index.html]]")


def _properties(cell: CellResult, seed: int) -> Iterable[tuple[str, str]]:
    yield "verdict", cell.verdict.value
    yield "seed", str(seed)
    if cell.recovery_seconds is not None and cell.verdict is not CellVerdict.NONE:
        yield "recovery_seconds", str(cell.recovery_seconds)
    for name, found in cell.guarantees.items():
        if found.promised:
            yield "promised", name
        for anomaly in found.anomalies:
            yield "observed", f"{anomaly.kind}:{anomaly.count}"


def _jobs(cell: CellResult) -> str:
    """Name some harmed jobs of promised guarantees, and count the rest."""
    keys = sorted(
        {
            key
            for found in cell.guarantees.values()
            if found.judged_as_promised
            for anomaly in found.anomalies
            for key in anomaly.jobs
        }
    )
    more = len(keys) - JOBS_NAMED
    return ", ".join(keys[:JOBS_NAMED]) + (f", and {more} more" if more > 0 else "")


def _clean(text: str) -> str:
    return _INVALID.sub("\ufffd", text)
