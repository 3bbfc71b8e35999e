"""junit.xml for CI: a suite for each lane, a test case for each scenario.

It exists so that a pipeline shows broken promises where it shows failed tests: broke
is a failure, no verdict is an error, a weakness passes with what was observed, and what
did not run is skipped (`reporting.md` §4.1).

The file keeps to Jenkins' junit-10.xsd, by which strict readers refuse what they do not
know. It has properties of suites and none of test cases: those of a case are its
suite's, named `<scenario>.observed` and so on, and stand in the case's output as well.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from harness.history import NotRun
from harness.report.front import against, seen
from harness.report.results import CellResult, RunResult, anchor
from harness.verdict import CellVerdict

PRODUCT = "celery-proving-ground"
JOBS_NAMED = 20

# What XML 1.0 cannot hold, not even escaped.
_INVALID = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: RunResult, page: str = "index.html") -> str:
    """Return the run as JUnit XML; `page` is where a CI finds the report."""
    root = ET.Element("testsuites", name=PRODUCT)
    lanes = [cell.lane for cell in result.cells]
    for lane in dict.fromkeys([*lanes, *(each.lane for each in result.not_run)]):
        _suite(
            root,
            lane,
            [cell for cell in result.cells if cell.lane == lane],
            [each for each in result.not_run if each.lane == lane],
            result,
            page,
        )
    if result.run.harness_error:
        _error(root, PRODUCT, "harness error", result.run.harness_error)
    return _text(root)


def not_drawn(headline: str, trace: str) -> str:
    """Return a file that no reader takes for a good run, for want of a better one."""
    root = ET.Element("testsuites", name=PRODUCT)
    _error(root, "junit.xml", "not drawn", headline, trace)
    return _text(root)


def _error(root: ET.Element, name: str, kind: str, what: str, more: str = "") -> None:
    """Add what is no cell's own, as a suite with one case that is an error."""
    suite = ET.SubElement(
        root, "testsuite", name=PRODUCT, tests="1", failures="0", errors="1"
    )
    case = ET.SubElement(suite, "testcase", name=name, classname=PRODUCT)
    first = what.strip().splitlines()[-1] if what.strip() else kind
    error = ET.SubElement(case, "error", type=kind, message=_clean(first))
    error.text = _clean(more or what)


def _suite(
    root: ET.Element,
    lane: str,
    cells: Sequence[CellResult],
    not_run: Sequence[NotRun],
    result: RunResult,
    page: str,
) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name=_clean(lane),
        tests=str(len(cells) + len(not_run)),
        failures=str(_count(cells, CellVerdict.BROKE)),
        errors=str(_count(cells, CellVerdict.NONE)),
        skipped=str(len(not_run)),
        time=f"{sum(cell.seconds or 0 for cell in cells):.3f}",
        timestamp=datetime.fromtimestamp(result.run.started_at, UTC).strftime(
            "%Y-%m-%dT%H:%M:%S"
        ),
    )
    properties = ET.SubElement(suite, "properties")
    _property(properties, "seed", str(result.run.seed))
    taken: set[str] = set()
    for cell in cells:
        name = _unlike(cell.scenario, taken)
        about = list(_about(cell, result.run.seed))
        for key, value in about:
            _property(properties, f"{name}.{key}", value)
        case = _case(suite, name, lane, cell.seconds)
        _outcome(case, cell)
        _output(case, cell, about, page)
    for each in not_run:
        case = _case(suite, _unlike(each.scenario, taken), lane)
        ET.SubElement(case, "skipped", message=_clean(each.because))


def _count(cells: Iterable[CellResult], verdict: CellVerdict) -> int:
    return sum(1 for cell in cells if cell.verdict is verdict)


def _unlike(name: str, taken: set[str]) -> str:
    """Return a name that no case of the suite has: GitLab drops a second one."""
    name = unlike = _clean(name)
    number = 1
    while unlike in taken:
        number += 1
        unlike = f"{name} ({number})"
    taken.add(unlike)
    return unlike


def _case(
    suite: ET.Element, name: str, lane: str, seconds: float | None = None
) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        name=name,
        classname=_clean(lane),
        time=f"{seconds or 0:.3f}",
    )


def _property(properties: ET.Element, name: str, value: str) -> None:
    ET.SubElement(properties, "property", name=_clean(name), value=_clean(value))


# --- one cell -----------------------------------------------------------------


def _about(cell: CellResult, seed: int) -> Iterator[tuple[str, str]]:
    """Yield a cell's properties: its verdict, what was seen, what was promised."""
    yield "verdict", cell.verdict.value
    yield "seed", str(seed)
    if cell.verdict is CellVerdict.NONE:
        return
    yield "declared", ", ".join(_declared(cell)) or "nothing"
    observed = [
        f"{anomaly.kind}:{anomaly.count}"
        for found in cell.guarantees.values()
        for anomaly in found.anomalies
    ]
    yield "observed", ", ".join(observed) or "no harm"
    if cell.recovery_seconds is not None:
        yield "recovery_s", str(cell.recovery_seconds)


def _declared(cell: CellResult) -> Iterator[str]:
    for name, found in cell.guarantees.items():
        if found.promised:
            limit = found.within_seconds
            yield name if limit is None else f"{name} within {limit:g} s"


def _outcome(case: ET.Element, cell: CellResult) -> None:
    """Say what failed; a cell that kept its promises has nothing to say."""
    because = "\n".join(cell.because)
    if cell.verdict is CellVerdict.BROKE:
        harm = [
            anomaly
            for found in cell.guarantees.values()
            if found.judged_as_promised
            for anomaly in found.anomalies
        ]
        failure = ET.SubElement(
            case,
            "failure",
            type=_clean(harm[0].kind if harm else "broke"),
            message=_clean(f"{seen(cell, promised=True)} — {against(cell)}"),
        )
        keys = sorted({key for anomaly in harm for key in anomaly.jobs})
        failure.text = _clean(f"{because}\n{_jobs(keys)}")
    elif cell.verdict is CellVerdict.NONE:
        kind = "harness error" if cell.harness_error else "no verdict"
        message = cell.because[0] if cell.because else kind
        error = ET.SubElement(case, "error", type=kind, message=_clean(message))
        error.text = _clean(because)


def _jobs(keys: Sequence[str]) -> str:
    """Name some harmed jobs, and count the rest."""
    more = len(keys) - JOBS_NAMED
    named = ", ".join(keys[:JOBS_NAMED])
    return f"jobs: {named}" + (f", and {more} more" if more > 0 else "")


def _output(
    case: ET.Element, cell: CellResult, about: Iterable[tuple[str, str]], page: str
) -> None:
    """Tell of the cell; the last line is an attachment to Jenkins and to GitLab."""
    out = ET.SubElement(case, "system-out")
    lines = [
        *cell.because,
        *(f"{key}={value}" for key, value in about),
        f"{page}#{anchor(cell.scenario, cell.lane)}",
        f"[[ATTACHMENT|{page}]]",
    ]
    out.text = _clean("\n".join(lines))


# --- XML ----------------------------------------------------------------------


def _clean(text: str) -> str:
    return _INVALID.sub("\ufffd", text)


def _text(root: ET.Element) -> str:
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n"
