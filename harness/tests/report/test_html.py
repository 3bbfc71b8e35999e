"""index.html: what it shows, and what it never does."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.history import (
    Acknowledged,
    BreakpointLeft,
    BreakpointReached,
    Rejected,
    SubmitBegun,
    SubmitEnded,
)
from harness.report import detail, html, job_pages, words
from harness.report.evidence import judge_cells
from harness.report.results import RunResult, anchor
from harness.tests.histories import damage, runs
from harness.tests.histories.build import Facts, facts, key_of, sealed
from harness.tests.report.pages import Page, mixed_run
from harness.verdict import CellVerdict


@pytest.fixture(name="mixed")
def _mixed(tmp_path: Path) -> RunResult:
    return mixed_run(tmp_path)


def test_the_verdict_sentence_is_title_and_first_h1(mixed: RunResult) -> None:
    """The browser's tab carries it; each page has one h1 of its own."""
    text = html.render(mixed)
    assert "<title>✕ 1 of 5 cells broke a promise of its design" in text
    assert text.count("<h1 ") == text.count('<section class="page')
    assert "1 of 5 cells broke a promise" in Page(text).text


def test_the_page_shows_what_the_run_left(mixed: RunResult) -> None:
    """Matrix, books, harmed jobs with their events, faults, versions, command."""
    page = Page(html.render(mixed))
    said = " ".join(page.text.split())
    assert "3 accepted + 0 recovered = 2 once" in said
    assert "1 stuck" in said
    assert "1 job pending for ever: answered 201, stored, never published" in said
    assert "each because" not in said
    assert "because its message was never handed to the broker" in said
    assert "cause: never published, proven · harm proven by absence" in said
    assert "pytest scenarios/test_story.py --designs broke --seed 7" in said
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


def test_the_page_asks_for_nothing_and_allows_nothing(mixed: RunResult) -> None:
    """No request, no handler, no style that the policy would not know by its hash."""
    page = Page(html.render(mixed))
    assert not {"link", "img", "iframe", "object"} & set(page.tags)
    assert (page.tags.count("script"), page.tags.count("style")) == (1, 1)
    assert not [each for each in page.attributes if each.startswith("on")]
    assert "style" not in page.attributes
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
    assert page.tags.count("script") == 1
    assert page.text.count(HOSTILE) >= 4
    assert "onload" not in page.attributes


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """Sixty harmed jobs of one cause: fifty are told, ten are said to be missing."""
    harm = runs.harming(60, design="many")
    runs.put(tmp_path, "many", harm=harm)
    said = " ".join(Page(html.render(judge_cells(tmp_path))).text.split())
    assert "10 of 60 harmed jobs have no page here" in said
    assert "10 harmed jobs (at most 50 of one cause and 200 in all have a page)" in said


@pytest.mark.parametrize("parts", [(), (runs.interrupted,), (runs.lost_stack,)])
def test_runs_without_any_cell_have_a_page_too(
    tmp_path: Path, parts: tuple[object, ...]
) -> None:
    """Nothing ran is something to say."""
    for part in parts:
        part(tmp_path)  # type: ignore[operator]
    assert "Nothing ran." in html.render(judge_cells(tmp_path))


@pytest.mark.parametrize(
    ("parts", "sign"),
    [
        ((runs.kept,), "✓"),
        ((runs.kept, runs.interrupted), "?"),
        ((runs.kept, runs.lost_stack), "?"),
        ((runs.broke, runs.lost_stack), "✕"),
    ],
)
def test_a_run_that_was_cut_off_does_not_look_good(
    tmp_path: Path, parts: tuple[object, ...], sign: str
) -> None:
    """In the browser's tab: not all has been seen to be well; what broke, broke."""
    for part in parts:
        part(tmp_path)  # type: ignore[operator]
    assert f"<title>{sign} " in html.render(judge_cells(tmp_path))


def test_every_event_of_a_job_has_words() -> None:
    """None is called by the name of its type."""
    told = damage.dead_lettered(damage.second_attempt(facts(3), 2), 3)
    where: dict[str, Any] = {"job": 2, "process": 21, "container": "worker"}
    message: dict[str, Any] = {"task": "t", "delivery_tag": "1", **where}
    stop: dict[str, Any] = {"point": "ack.before", "nth": 1, **where}
    told += [
        Acknowledged(time=1011, **message),
        Rejected(time=1011, requeue=True, **message),
        BreakpointReached(time=1011, **stop),
        BreakpointLeft(time=1012, released=True, **stop),
    ]
    for event in sealed(told):
        if getattr(event, "key", None) or getattr(event, "job", None):
            place, what = words.words(event)
            assert place != "harness"
            assert what


def test_a_request_without_an_answer_says_why() -> None:
    """The error's text, or at least the outcome."""
    ended = damage.first(facts(1), 1, SubmitEnded)
    begun = damage.first(facts(1), 1, SubmitBegun)
    silent = msgspec.structs.replace(ended, status=None, error="ReadTimeout")
    assert words.words(silent) == ("client", "has no answer: ReadTimeout")
    again = msgspec.structs.replace(begun, nth=2)
    assert words.words(again)[1] == "asks for power(8) again, request 2"


def test_a_page_that_would_be_too_large_says_what_it_leaves_out(
    mixed: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step, and never a harmed job."""
    whole = html.render(mixed)
    assert "to compare with" not in whole
    assert "A job that survived" in whole
    monkeypatch.setattr(detail, "LIMIT_BYTES", len(whole.encode()) - 1)
    smaller = html.render(mixed)
    assert "in the run's folder: the jobs that survived, to compare with." in smaller
    assert "A job that survived" not in smaller
    monkeypatch.setattr(detail, "LIMIT_BYTES", 0)
    smallest = html.render(mixed)
    for each in detail.DETAILS[-1].left_out:
        assert each in smallest
    assert smallest.count("Job pending for ever because") == whole.count(
        "Job pending for ever because"
    )


def test_what_is_left_out_is_said_for_each_step() -> None:
    """Contrast jobs go first, then dots; logs and charts of what broke stay longest."""
    first, *steps = detail.DETAILS
    assert first.left_out == ()
    said = [len(step.left_out) for step in steps]
    assert said == [1, 2, 3, 3, 4]
    assert all(CellVerdict.BROKE in step.charts for step in steps)


def test_a_cell_without_a_verdict_does_not_call_its_jobs_lost(tmp_path: Path) -> None:
    """What was not read to its end looks lost; the page says so before it counts."""
    path = runs.put(tmp_path, "cut")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-12]))
    text = html.render(judge_cells(tmp_path))
    note = "may only not have been read to its end"
    assert text.index(note) < text.index("<h2>The books</h2>")
    assert note not in html.render(judge_cells(kept_alone(tmp_path / "other")))


def kept_alone(folder: Path) -> Path:
    """Return a run whose one cell kept its promise."""
    runs.kept(folder)
    return folder


def test_a_crash_is_one_line_and_its_traceback_is_folded(tmp_path: Path) -> None:
    """The first screen is for the verdict."""
    trace = 'Traceback:\n  File "x.py", line 1\nKeyError: 7'
    runs.run_json(tmp_path, harness_error=trace)
    text = html.render(judge_cells(tmp_path))
    assert "<b>The harness failed.</b> KeyError: 7" in text
    assert "<details><summary>Traceback</summary><pre>Traceback:" in text


def test_every_cause_has_a_page_for_its_first_jobs(tmp_path: Path) -> None:
    """However many jobs the worst cell has."""
    for name in ("a", "b", "c", "d", "e"):
        runs.put(tmp_path, name, harm=runs.harming(60, design=name))
    runs.put(tmp_path, "z", harm=damage.stranded_pending, promises=())
    ids = job_pages.story_ids(judge_cells(tmp_path).cells)
    assert len(ids) == 200
    assert {design for _, design, _ in ids} == {"a", "b", "c", "d", "e", "z"}


def test_a_job_page_says_why_how_sure_and_where_it_fared_better(
    tmp_path: Path,
) -> None:
    """The same job under the same fault, in the designs beside."""
    for part in (runs.kept, runs.broke, runs.weak, runs.none):
        part(tmp_path)
    result = judge_cells(tmp_path)
    ids = job_pages.story_ids(result.cells)
    (page, *_) = job_pages.job_pages(result, ids, {}, survivors=True)
    assert page.cell.design == "broke"
    (because,) = page.because
    assert because.sentence == (
        "Job pending for ever because its message was never handed to the broker."
    )
    assert because.shown == "answered 201, stored, never published"
    assert because.confidence.startswith("proven by absence")
    assert page.survivor is not None
    assert (page.survivor.key, page.survivor.later_seconds) == (key_of(3), 0.1)
    assert page.fared == {
        "unharmed in": ("kept",),
        "not known in": ("none",),
        "harmed in": ("weak",),
    }
    said = " ".join(Page(html.render(result)).text.split())
    assert "expected: its message is handed to the broker — not seen" in said
    assert "Evidence: story/broke/history.jsonl" in said
    assert "step 2 at 1.210 s: database no row → pending" in said
