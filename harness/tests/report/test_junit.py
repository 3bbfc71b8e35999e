"""junit.xml: broken promises where CI shows failed tests."""

from pathlib import Path
from xml.etree import ElementTree as ET

from harness.report import junit
from harness.report.evidence import judge_cells
from harness.report.results import CellResult, RunResult
from harness.tests.histories import runs
from harness.tests.histories.build import promising
from harness.verdict import CellVerdict


def suites(folder: Path) -> dict[str | None, ET.Element]:
    """Return the suites of the run in this folder by their names."""
    root = ET.fromstring(junit.render(judge_cells(folder)))
    return {suite.get("name"): suite for suite in root}


def test_a_suite_is_a_design_and_a_case_is_a_scenario(tmp_path: Path) -> None:
    """Two scenarios of one design are two cases of one suite."""
    runs.put(tmp_path, "careful")
    runs.put(tmp_path, "careful", scenario="other")
    (suite,) = suites(tmp_path).values()
    assert suite.get("tests") == "2"
    names = {(case.get("classname"), case.get("name")) for case in suite}
    assert names == {("careful", "story"), ("careful", "other")}


def test_broke_fails_none_is_an_error_and_a_weakness_passes(tmp_path: Path) -> None:
    """What was observed in a weakness stands in its properties."""
    for part in (runs.kept, runs.weak, runs.broke, runs.none, runs.failed):
        part(tmp_path)
    found = suites(tmp_path)
    outcomes = {
        name: [child.tag for child in suite[0] if child.tag in ("failure", "error")]
        for name, suite in found.items()
    }
    assert outcomes == {
        "kept": [],
        "weak": [],
        "broke": ["failure"],
        "none": ["error"],
        "failed": ["error"],
    }
    properties = [
        (each.get("name"), each.get("value")) for each in found["weak"].iter("property")
    ]
    assert ("observed", "stranded_pending:1") in properties
    assert ("seed", "7") in properties
    failure = found["broke"].find("testcase/failure")
    assert failure is not None
    assert "every_job_starts is promised and broken" in str(failure.get("message"))
    assert "r1-000002" in str(failure.text)
    counts = [found[name].get("failures") for name in ("kept", "broke")]
    assert counts == ["0", "1"]
    error = found["failed"].find("testcase/error")
    assert error is not None
    assert error.get("type") == "harness error"


def test_a_cell_that_did_not_run_is_skipped_with_its_reason(tmp_path: Path) -> None:
    """Skipped never looks like passed."""
    runs.kept(tmp_path)
    runs.run_json(tmp_path, cells=(("story", "kept"), ("s", "late")), interrupted=True)
    skipped = suites(tmp_path)["late"].find("testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "the run was interrupted"


def test_any_text_makes_valid_xml(tmp_path: Path) -> None:
    """Control characters cannot stand in XML, and markup is text."""
    hostile = CellResult(
        scenario="<s\x00>&\x1b",
        design='"\ufffe',
        verdict=CellVerdict.BROKE,
        because=("]]> <script>\x08 --",),
    )
    empty = judge_cells(tmp_path)
    found = RunResult(
        schema_version=1,
        run=empty.run,
        headline="",
        exit_code=1,
        cells=(hostile,),
        not_run=(),
    )
    (suite,) = ET.fromstring(junit.render(found))
    assert suite[0].get("name") == "<s\ufffd>&\ufffd"


def test_harmed_jobs_are_named_up_to_a_limit_and_counted_beyond(
    tmp_path: Path,
) -> None:
    """Thirty jobs: twenty names and "10 more"."""
    harm = runs.harming(30, design="many", promises=promising("every_job_starts"))
    runs.put(tmp_path, "many", harm=harm)
    text = junit.render(judge_cells(tmp_path))
    assert "r1-000020, and 10 more" in text
