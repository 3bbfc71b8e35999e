"""junit.xml: broken promises where CI shows failed tests.

`junit-10.xsd` is the schema of Jenkins' xUnit plugin (jenkinsci/xunit-plugin,
src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd, MIT), as it
comes with the sources of pytest 9.2.0 on PyPI (testing/example_scripts).
"""

from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from harness.history import NotRun
from harness.report import junit
from harness.report.evidence import judge_cells
from harness.report.results import CellResult
from harness.tests.histories import runs
from harness.tests.histories.build import promising
from harness.verdict import CellVerdict

SCHEMA = xmlschema.XMLSchema10(Path(__file__).with_name("junit-10.xsd"))


def read(text: str) -> ET.Element:
    """Return the root of a file that the schema allows."""
    root = ET.fromstring(text)
    SCHEMA.validate(root)
    return root


def suites(folder: Path) -> dict[str | None, ET.Element]:
    """Return the suites of the run in this folder by their names."""
    root = read(junit.render(judge_cells(folder)))
    return {suite.get("name"): suite for suite in root}


def properties(suite: ET.Element) -> dict[str | None, str | None]:
    """Return what a suite says of itself and of its cases; no name is there twice."""
    found = list(suite.iter("property"))
    named = {each.get("name"): each.get("value") for each in found}
    assert len(found) == len(named)
    return named


def test_a_suite_is_a_design_and_a_case_is_a_scenario(tmp_path: Path) -> None:
    """Two scenarios of one design are two cases of one suite."""
    runs.put(tmp_path, "careful")
    runs.put(tmp_path, "careful", scenario="other")
    (suite,) = suites(tmp_path).values()
    assert suite.get("tests") == "2"
    names = {
        (case.get("classname"), case.get("name")) for case in suite.iter("testcase")
    }
    assert names == {("careful", "story"), ("careful", "other")}


def test_broke_fails_none_is_an_error_and_a_weakness_passes(tmp_path: Path) -> None:
    """Each is counted; the failure names what broke, and the jobs."""
    for part in (runs.kept, runs.weak, runs.broke, runs.none, runs.failed):
        part(tmp_path)
    found = suites(tmp_path)
    outcomes = {
        name: [
            each.tag for each in suite.findall("testcase/*") if each.tag != "system-out"
        ]
        for name, suite in found.items()
    }
    assert outcomes == {
        "kept": [],
        "weak": [],
        "broke": ["failure"],
        "none": ["error"],
        "failed": ["error"],
    }
    counts = {name: (s.get("failures"), s.get("errors")) for name, s in found.items()}
    assert counts == {
        "kept": ("0", "0"),
        "weak": ("0", "0"),
        "broke": ("1", "0"),
        "none": ("0", "1"),
        "failed": ("0", "1"),
    }
    (failure,) = found["broke"].iter("failure")
    assert failure.get("type") == "stranded_pending"
    assert (
        failure.get("message") == "1 job pending for ever — promised every_job_starts"
    )
    assert "every_job_starts is promised and broken: 1 job pending" in str(failure.text)
    assert str(failure.text).endswith("\njobs: r1-000002")
    kinds = [error.get("type") for s in found.values() for error in s.iter("error")]
    assert sorted(map(str, kinds)) == ["harness error", "no verdict"]


def test_properties_say_what_was_promised_and_what_was_seen(tmp_path: Path) -> None:
    """Of a weakness above all, which passes; of no verdict there is nothing to say."""
    for part in (runs.kept, runs.weak, runs.none):
        part(tmp_path)
    found = {name: properties(suite) for name, suite in suites(tmp_path).items()}
    assert found["weak"] == {
        "seed": "7",
        "story.verdict": "weakness",
        "story.seed": "7",
        "story.declared": "nothing",
        "story.observed": "stranded_pending:1",
    }
    assert found["kept"]["story.declared"] == "every_job_starts"
    assert found["kept"]["story.observed"] == "no harm"
    assert found["kept"]["story.recovery_s"] == "0.0"
    assert set(found["none"]) == {"seed", "story.verdict", "story.seed"}
    (case,) = suites(tmp_path)["weak"].iter("testcase")
    assert "\nobserved=stranded_pending:1\n" in str(case.findtext("system-out"))


def test_the_last_line_attaches_the_report(tmp_path: Path) -> None:
    """Jenkins and GitLab find it there; the line before leads to the very cell."""
    runs.kept(tmp_path)
    text = junit.render(judge_cells(tmp_path), "reports/latest/index.html")
    (out,) = read(text).iter("system-out")
    assert str(out.text).splitlines()[-2:] == [
        "reports/latest/index.html#story--kept",
        "[[ATTACHMENT|reports/latest/index.html]]",
    ]


def test_a_cell_that_did_not_run_is_skipped_with_its_reason(tmp_path: Path) -> None:
    """Skipped never looks like passed."""
    runs.kept(tmp_path)
    runs.run_json(tmp_path, cells=(("story", "kept"), ("s", "late")), interrupted=True)
    (skipped,) = suites(tmp_path)["late"].iter("skipped")
    assert skipped.get("message") == "the run was interrupted"


# A folder without histories gives a run without cells.
NOTHING = judge_cells(Path(__file__).parent / "golden")
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_text_makes_valid_xml(name: str, design: str, because: str) -> None:
    """Control characters, surrogates and markup, and no two cases of one name."""
    cells = [
        CellResult(scenario=each, design=design, verdict=verdict, because=(because,))
        for each in (name, f"{name}\x00", f"{name}\x01")
        for verdict in (CellVerdict.BROKE, CellVerdict.NONE)
    ]
    found = msgspec.structs.replace(
        NOTHING,
        cells=tuple(cells),
        not_run=(NotRun(scenario=name, design=design, because=because),),
    )
    (suite,) = read(junit.render(found, page=because))
    names = [case.get("name") for case in suite.iter("testcase")]
    assert len(names) == len(set(names)) == 7
    properties(suite)


def test_harmed_jobs_are_named_up_to_a_limit_and_counted_beyond(
    tmp_path: Path,
) -> None:
    """Thirty jobs: twenty names and "10 more"."""
    harm = runs.harming(30, design="many", promises=promising("every_job_starts"))
    runs.put(tmp_path, "many", harm=harm)
    text = junit.render(judge_cells(tmp_path))
    assert "r1-000020, and 10 more" in text


def test_what_was_not_drawn_is_no_good_run() -> None:
    """An empty file would pass."""
    root = read(junit.not_drawn("No.", "a\x00b"))
    assert len(list(root.iter("error"))) == 1


def test_a_run_whose_harness_failed_has_an_error(tmp_path: Path) -> None:
    """Also where each cell that ran kept its promises, and the rest is skipped."""
    runs.kept(tmp_path)
    runs.lost_stack(tmp_path)
    (error,) = read(junit.render(judge_cells(tmp_path))).iter("error")
    assert error.get("message") == "the stack did not come up"
