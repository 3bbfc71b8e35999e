"""Annotations: what broke, on the line of PROMISES, and never more than ten."""

from pathlib import Path

import msgspec

from harness.report import annotations
from harness.report.evidence import judge_cells
from harness.report.results import RunResult
from harness.tests.histories import damage, runs
from harness.tests.histories.build import promising


def broken(
    folder: Path, *designs: str, source: str = "app/designs/x.py:12"
) -> RunResult:
    """Return a run in which each of these designs broke its promise."""
    for design in designs:
        runs.put(folder, design, harm=damage.stranded_pending, design_source=source)
    return judge_cells(folder)


def test_a_broken_promise_stands_on_the_line_of_promises(tmp_path: Path) -> None:
    """That is what a developer can change; what holds is not annotated."""
    runs.kept(tmp_path)
    (line,) = annotations.render(broken(tmp_path, "mine"))
    assert line.startswith(
        "::error title=Broke its promise,file=app/designs/x.py,line=12"
        "::story × mine: every_job_starts is promised and broken: 1 job pending"
    )


def test_evidence_without_a_line_names_the_file_alone(tmp_path: Path) -> None:
    """Histories written by hand may know no line."""
    (line,) = annotations.render(broken(tmp_path, "mine", source="app/designs/x.py"))
    assert ",file=app/designs/x.py::story" in line


def test_at_most_ten_the_worst_first(tmp_path: Path) -> None:
    """GitHub drops the eleventh without a word; the tenth counts the rest."""
    worse = runs.harming(3, design="zz", promises=promising("every_job_starts"))
    runs.put(tmp_path, "zz", harm=worse)
    found = broken(tmp_path, *(f"d{n:02}" for n in range(11)))
    first, *others, last = annotations.render(found)
    assert "::story × zz: " in first
    assert len(others) == 8
    assert last == "::error::and 3 more, see the report"


def test_whatever_is_said_is_one_line_of_its_own(tmp_path: Path) -> None:
    """GitHub's escapes, % first; a comma or colon would end a property."""
    found = broken(tmp_path, "mine", source="app/a,b:c%.py:3")
    cell = msgspec.structs.replace(found.cells[0], because=("a\r\n::error::b, 5%0A",))
    (line,) = annotations.render(msgspec.structs.replace(found, cells=(cell,)))
    assert line.endswith("::story × mine: a%0D%0A::error::b, 5%250A")
    assert ",file=app/a%2Cb%3Ac%25.py,line=3::" in line
