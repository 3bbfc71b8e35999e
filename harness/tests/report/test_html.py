"""index.html: what it shows, and what it never does."""

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from harness.history import NotRun, SubmitBegun, SubmitEnded
from harness.report import html, words
from harness.report.evidence import judge_cells
from harness.report.results import RunResult, anchor
from harness.tests.histories import damage, runs
from harness.tests.histories.build import Facts, facts, key_of, sealed


class Page(HTMLParser):
    """A page's tags, ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag and its attributes."""
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text += data


@pytest.fixture(name="mixed")
def _mixed(tmp_path: Path) -> RunResult:
    """Return a run with a cell of each verdict, and one that did not run."""
    for part in (runs.kept, runs.weak, runs.broke, runs.none, runs.failed):
        part(tmp_path)
    not_run = (NotRun(scenario="late", design="kept", because="no time"),)
    runs.run_json(tmp_path, not_run=not_run, versions={"celery": "5.5.1"})
    return judge_cells(tmp_path)


def test_the_verdict_sentence_is_title_and_only_h1(mixed: RunResult) -> None:
    """The browser's tab carries it."""
    text = html.render(mixed)
    assert "<title>✕ 1 of 5 cells broke a promise of its design" in text
    assert len(re.findall("<h1>", text)) == 1
    assert "1 of 5 cells broke a promise" in Page(text).text


def test_the_page_shows_what_the_run_left(mixed: RunResult) -> None:
    """Matrix, books, harmed jobs with their events, faults, versions, command."""
    page = Page(html.render(mixed))
    said = " ".join(page.text.split())
    assert "3 accepted + 0 recovered = 2 once" in said
    assert "1 stuck" in said
    assert "1 job pending for ever: answered 201, never published" in said
    assert "cause: never published · proven by absence" in said
    assert key_of(2) in said
    assert "asks for power(8)" in said
    assert "at the end: job 2 is pending" in said
    for time in ("2.00 s", "2.20 s", "4.00 s", "4.20 s"):
        assert time in said
    assert "connection refused" in said
    assert "5.5.1" in said
    assert "Repeat this run: pytest scenarios (seed 7)" in said
    assert "late × kept: no time" in said
    assert "boom" in said


def test_every_link_leads_to_something_on_the_page(mixed: RunResult) -> None:
    """Each cell and each told job has a place of its own."""
    page = Page(html.render(mixed))
    fragments = {link[1:] for link in page.links if link.startswith("#")}
    assert fragments <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert {anchor(cell.scenario, cell.design) for cell in mixed.cells} <= set(page.ids)
    assert [link for link in page.links if not link.startswith("#")] == ["results.json"]


def test_the_page_asks_for_nothing_and_runs_nothing(mixed: RunResult) -> None:
    """No script, no request, no handler: one file that reads everywhere."""
    page = Page(html.render(mixed))
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name in page.attributes if name.startswith("on")]
    assert "http" not in re.sub("http-equiv", "", html.render(mixed))
    assert "url(" not in html.render(mixed)


HOSTILE = "<script>alert(1)</script>\"' onload=x javascript:alert(1)"


def test_hostile_text_is_shown_and_not_run(tmp_path: Path) -> None:
    """Keys, errors and names of jobs come from outside."""

    def harm(events: Facts, number: int) -> Facts:
        events = damage.stranded_pending(events, number)
        return [
            msgspec.structs.replace(event, key=HOSTILE)
            if getattr(event, "key", None) == key_of(number)
            else event
            for event in damage.changed(
                events, number, SubmitEnded, error=HOSTILE, status=500
            )
        ]

    runs.put(tmp_path, "careful", harm=harm, claim=HOSTILE, workload=HOSTILE)
    page = Page(html.render(judge_cells(tmp_path)))
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) >= 4
    assert "onload" not in page.attributes


def test_a_cell_without_a_verdict_shows_no_number_in_the_matrix(
    tmp_path: Path,
) -> None:
    """Half of the evidence is not half of the truth."""
    path = runs.put(tmp_path, "cut", harm=damage.duplicate_effect, promises=())
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    text = html.render(judge_cells(tmp_path))
    matrix = text[text.index('<table class="matrix">') : text.index("</table>")]
    assert "no verdict" in matrix
    assert not re.search(r"\d+ job|recovered", Page(matrix).text)


def test_the_numbers_on_top_keep_promised_harm_apart_from_other_harm(
    mixed: RunResult,
) -> None:
    """One job against a promise, one that no promise covered."""
    numbers = {number.label: number.value for number in html._numbers(mixed)}
    assert numbers["cells that broke a promise"] == "1"
    assert numbers["lost or stuck jobs against a promise"] == "1"
    assert numbers["harmed jobs that no promise covered"] == "1"
    assert numbers["cells without a verdict"] == "2"
    assert numbers["jobs accepted"] == "9"


def test_the_baseline_is_the_matrix_first_column(tmp_path: Path) -> None:
    """It must be clean, or the rest means nothing."""
    runs.put(tmp_path, scenario="a_story")
    runs.put(tmp_path, scenario="the_baseline", faults=())
    matrix = html._matrix(judge_cells(tmp_path))
    assert matrix.scenarios == ("the_baseline", "a_story")


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """Sixty harmed jobs of one cause: fifty are told, ten are said to be missing."""
    harm = runs.harming(60, design="many")
    runs.put(tmp_path, "many", harm=harm)
    said = " ".join(Page(html.render(judge_cells(tmp_path))).text.split())
    assert "50 of 60 told here" in said
    assert "10 harmed jobs are not told of here" in said


@pytest.mark.parametrize("parts", [(), (runs.interrupted,), (runs.lost_stack,)])
def test_runs_without_any_cell_have_a_page_too(
    tmp_path: Path, parts: tuple[object, ...]
) -> None:
    """Nothing ran is something to say."""
    for part in parts:
        part(tmp_path)  # type: ignore[operator]
    assert "Nothing ran." in html.render(judge_cells(tmp_path))


def test_every_event_of_a_job_has_words() -> None:
    """None is called by the name of its type."""
    told = damage.dead_lettered(damage.second_attempt(facts(3), 2), 3)
    for event in sealed(told):
        if getattr(event, "key", None) or getattr(event, "job", None):
            where, what = words.words(event)
            assert where != "harness"
            assert what


def test_a_request_without_an_answer_says_why() -> None:
    """The error's text, or at least the outcome."""
    ended = damage.first(facts(1), 1, SubmitEnded)
    begun = damage.first(facts(1), 1, SubmitBegun)
    silent = msgspec.structs.replace(ended, status=None, error="ReadTimeout")
    assert words.words(silent) == ("client", "has no answer: ReadTimeout")
    again = msgspec.structs.replace(begun, nth=2)
    assert words.words(again)[1] == "asks for power(8) again, request 2"
