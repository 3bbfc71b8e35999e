"""Whatever cannot be drawn or written: the verdict stands, and it is said."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.errors import EvidenceNotWritten
from harness.report import badge, html, junit, outputs, summary
from harness.report.evidence import judge_run, render_run
from harness.tests.histories import runs

DRAWN = ("junit.xml", "summary.md", "badge.json", "badge.svg", "index.html")


def crash(*_: object) -> str:
    """Fail as a renderer would, with hostile words."""
    raise ZeroDivisionError("<b>]]>-->\x00\ud800")


def says_it_is_not_drawn(name: str, text: str) -> None:
    """Check what stands in the place of an output: no reader takes it for good news."""
    match Path(name).suffix:
        case ".xml":
            assert [each.tag for each in ET.fromstring(text).iter("error")] == ["error"]
        case ".json":
            assert json.loads(text)["message"] == "not drawn"
        case ".svg":
            assert ET.fromstring(text).get("aria-label") == "chaos: not drawn"
        case ".html":
            assert "Drawing index.html failed" in text
            assert "<b>" not in text
        case _:
            assert f"Drawing {name} failed" in text


@pytest.mark.parametrize(
    ("module", "function", "name"),
    [
        (junit, "render", "junit.xml"),
        (summary, "render", "summary.md"),
        (badge, "endpoint", "badge.json"),
        (badge, "picture", "badge.svg"),
        (html, "render", "index.html"),
        (outputs, "exhibits", "index.html"),
    ],
)
@pytest.mark.parametrize(("part", "code"), [(runs.broke, 1), (runs.kept, 0)])
def test_a_renderer_that_crashes_changes_nothing_else(
    tmp_path: Path,
    module: object,
    function: str,
    name: str,
    part: Callable[[Path], None],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Results, exit code and the other outputs are the same to the byte."""
    part(tmp_path)
    judge_run(tmp_path)
    others = {"results.json", *DRAWN} - {name}
    before = {each: (tmp_path / each).read_bytes() for each in others}
    monkeypatch.setattr(module, function, crash)
    told: list[str] = []
    assert judge_run(tmp_path, tell=told.append) == code
    assert before == {each: (tmp_path / each).read_bytes() for each in others}
    (said,) = told
    assert said.startswith(f"{name} could not be drawn: ZeroDivisionError")
    says_it_is_not_drawn(name, (tmp_path / name).read_text())


def test_every_output_has_a_test_of_its_crash(tmp_path: Path) -> None:
    """What a run leaves is what is listed here, and no draft beside it."""
    runs.kept(tmp_path)
    judge_run(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {
        "story",
        "results.json",
        *DRAWN,
    }


@pytest.mark.parametrize("name", ["results.json", *DRAWN])
def test_what_cannot_be_written_is_said_and_leaves_no_half_file(
    tmp_path: Path, name: str
) -> None:
    """A disk that is full, a folder in the way."""
    (tmp_path / name / "in the way").mkdir(parents=True)
    with pytest.raises(EvidenceNotWritten, match=f"cannot write .*{name}"):
        judge_run(tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_ci_finds_the_report_from_the_folder_of_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative where that is possible, and by the name that it was asked for."""
    runs.kept(tmp_path / "reports" / "r1")
    (tmp_path / "reports" / "latest").symlink_to("r1")
    monkeypatch.chdir(tmp_path)
    for folder, page in (
        (Path("reports/latest"), "reports/latest/index.html"),
        (tmp_path / "reports" / "r1", "reports/r1/index.html"),
    ):
        judge_run(folder)
        assert f"[[ATTACHMENT|{page}]]" in (folder / "junit.xml").read_text()
    monkeypatch.chdir("/")
    render_run(tmp_path / "reports" / "r1")
    page = f"{tmp_path}/reports/r1/index.html".removeprefix("/")
    assert f"[[ATTACHMENT|{page}]]" in (folder / "junit.xml").read_text()
