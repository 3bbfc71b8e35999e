"""The page's numbers are those of results.json: read back, and counted again."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report import html, results
from harness.report.evidence import judge_cells
from harness.report.exhibits import exhibits
from harness.report.results import anchor
from harness.tests.histories import damage, runs
from harness.tests.report.pages import Sections, mixed_run

NUMBER = re.compile(r"(?<![\w.:\-])\d[\d,]*(?:\.\d+)?(?![\w\-])")


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return results.json as an outsider reads it, and the text of each page."""
    runs.put(tmp_path, "many", harm=runs.harming(60, design="many"))
    runs.put(tmp_path, "twice", harm=damage.duplicate_effect)
    runs.put(tmp_path, scenario="calm", faults=())
    mixed_run(tmp_path)
    result = judge_cells(tmp_path)
    text = html.render(result, exhibits(tmp_path, result))
    return json.loads(results.encode(result)), Sections(text).texts


def spoken(value: Any) -> Iterator[str]:
    """Yield all ways in which the page may say the numbers of a part of results.json.

    Counts of things in a list are numbers, too.
    """
    match value:
        case dict():
            for each in value.values():
                yield from spoken(each)
        case list():
            yield f"{len(value)}"
            for each in value:
                yield from spoken(each)
        case bool() | None:
            return
        case int():
            yield f"{value}"
            yield f"{value:,}"
        case float():
            for digits in range(4):
                yield f"{value:.{digits}f}"
            yield from (f"{value:g}", f"{100 * value:.0f}", f"{1000 * value:.0f}")
        case str():
            yield from NUMBER.findall(value)


def apart(cell: dict[str, Any]) -> Iterator[str]:
    """Yield how many seconds lie between a harmed job and the one beside it."""
    begun = {
        story["key"]: story["events"][0]["seconds"]
        for story in (*cell["stories"], *cell["survivors"])
        if story["events"]
    }
    for story in cell["stories"]:
        if story["key"] in begun and story["survivor"] in begun:
            yield f"{abs(begun[story['key']] - begun[story['survivor']]):.2f}"


def test_no_page_of_a_cell_or_a_job_has_a_number_of_its_own(
    run: tuple[dict[str, Any], dict[str, str]],
) -> None:
    """Whatever stands outside the pictures was in the cell's part of results.json."""
    found, pages = run
    read = 0
    for cell in found["cells"]:
        # 95 is a percentile's name; the rest of a story are its steps, one by one.
        known = {*spoken(cell), *apart(cell), "95"}
        name = anchor(cell["scenario"], cell["design"])
        for page, text in pages.items():
            if page == name or page.startswith(f"{name}--"):
                steps = set(map(str, range(1, 30))) if page != name else set()
                shown = set(NUMBER.findall(text)) - steps
                read += len(shown)
                assert shown <= known, (page, shown - known)
    assert read > 300


def test_the_books_and_the_findings_of_each_cell_are_on_its_page(
    run: tuple[dict[str, Any], dict[str, str]],
) -> None:
    """No cell says what another one found."""
    found, pages = run
    for cell in found["cells"]:
        said = " ".join(pages[anchor(cell["scenario"], cell["design"])].split())
        books = cell["accounting"]
        for name in books if cell["guarantees"] else ():
            assert f"{books[name]} {name.replace('_', ' ')}" in said.replace("-", " ")
        for guarantee in cell["guarantees"].values():
            for anomaly in guarantee["anomalies"]:
                assert anomaly["sentence"] in said
                for cause in anomaly["causes"]:
                    assert cause["sentence"] in said


def test_the_six_numbers_are_counted_again(
    run: tuple[dict[str, Any], dict[str, str]],
) -> None:
    """From results.json alone, by other code than the page's."""
    found, pages = run
    judged = [cell for cell in found["cells"] if cell["verdict"] != "none"]
    harmed = {
        (promised, cell["design"], cell["scenario"], group, job)
        for cell in judged
        for each in cell["guarantees"].values()
        for anomaly in each["anomalies"]
        for promised, group in ((each["judged_as_promised"], each["group"]),)
        for job in anomaly["jobs"]
    }

    def count(group: str, *, promised: bool) -> int:
        against = {each[1:] for each in harmed if each[0] and each[3] == group}
        other = {each[1:] for each in harmed if not each[0] and each[3] == group}
        return len(against if promised else other - against)

    verdicts = [cell["verdict"] for cell in found["cells"]]
    more = "more that no promise covers"
    expected = {
        "cells that broke a promise": f"{verdicts.count('broke')} of {len(verdicts)};"
        f" {verdicts.count('weakness')} more with unpromised harm",
        **{
            f"{words} jobs against a promise": f"{count(group, promised=True)}"
            f" {count(group, promised=False)} {more}"
            for words, group in (
                ("lost or stuck", "lost tasks"),
                ("repeated", "acks-late retries"),
            )
        },
        "cells without a verdict": f"{verdicts.count('none')}"
        f" {len(found['not_run'])} did not run",
        "jobs accepted": f"{sum(cell['accounting']['accepted'] for cell in judged)}",
    }
    said = " ".join(pages["index"].split())
    for label, value in expected.items():
        assert f"{label} {value}" in said


def test_a_cell_without_a_verdict_shows_no_number_in_the_matrix(
    tmp_path: Path,
) -> None:
    """Half of the evidence is not half of the truth."""
    path = runs.put(tmp_path, "cut", harm=damage.duplicate_effect, promises=())
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    text = html.render(judge_cells(tmp_path))
    cell = text[text.index('<td class="none">') :]
    cell = cell[: cell.index("</td>")]
    assert "no verdict" in cell
    assert not NUMBER.findall(re.sub(r"<[^>]*>", " ", cell))
