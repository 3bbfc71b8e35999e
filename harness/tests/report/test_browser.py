"""The report in a real browser: it asks for nothing, and is found and read by links."""

import re
from pathlib import Path
from typing import Any

import pytest

from harness import history
from harness.bench import judging
from harness.report import detail, html
from harness.report.evidence import judge_run
from harness.tests.histories import runs
from harness.tests.histories.crowd import large_run
from harness.tests.report.pages import (
    CELL,
    JOB,
    PAGES,
    go,
    heading,
    seen_pages,
)

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[3] / "reports" / "example" / "index.html"
SCRIPTS_OFF = {"java_script_enabled": False}


def test_no_request_leaves_the_page_and_nothing_is_refused(
    browser: Any, report: Path
) -> None:
    """All pages of the file, with every fold open: one request, no message."""
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri())
    for fragment in PAGES:
        go(page, fragment)
        for folded in page.locator("summary:visible").all():
            folded.click()
    assert {url.split("#")[0] for url in asked} == {report.as_uri()}
    assert said == []
    assert "owned" not in page.title()
    page.close()


@pytest.mark.parametrize("opened", [SCRIPTS_OFF, {}], indirect=True)
def test_two_clicks_from_a_red_cell_to_a_because_sentence(opened: Any) -> None:
    """With scripts and without; Back goes the same way back."""
    assert "broke a promise" in heading(opened)
    opened.click(f'td.broke a[href="{CELL}"]')
    assert heading(opened).startswith("✕ broke story × broke broke a promise: 1 job")
    opened.locator(f'{CELL} .keys a[href="{JOB}"]').first.click()
    assert heading(opened) == (
        "Job pending for ever because its message was never handed to the broker."
    )
    opened.go_back()
    assert "story × broke" in heading(opened)
    opened.go_back()
    assert "broke a promise of their designs" in heading(opened)


def every_harmed_cell_says_why(page: Any) -> int:
    """Go from each red or amber cell to a job's sentence; return how many there are."""
    cells = page.evaluate(
        "[...document.querySelectorAll('.index td.broke a, .index td.weakness a')]"
        ".map(a => a.hash)"
    )
    for fragment in cells:
        go(page, "#index")
        page.click(f'.index .matrix a[href="{fragment}"]')
        page.locator(".keys a:visible").first.click()
        said = heading(page)
        assert "because" in said or "unexplained" in said, (fragment, said)
    return len(cells)


@pytest.mark.parametrize("opened", [SCRIPTS_OFF], indirect=True)
def test_every_harmed_cell_is_two_clicks_from_its_because(opened: Any) -> None:
    """Also one whose harm is unexplained: that is said."""
    assert every_harmed_cell_says_why(opened) == 5


def test_every_harmed_cell_of_the_example_is_two_clicks_from_its_because(
    browser: Any,
) -> None:
    """In a real run, too."""
    if not EXAMPLE.exists():
        pytest.skip("there is no example yet: make example RUN=reports/latest")
    page = browser.new_page()
    page.goto(EXAMPLE.as_uri())
    assert every_harmed_cell_says_why(page) > 0
    page.close()


@pytest.mark.parametrize("opened", [SCRIPTS_OFF], indirect=True)
def test_every_link_within_the_file_shows_a_page_and_back_comes_back(
    opened: Any,
) -> None:
    """Exactly one page each, and the same ones backwards."""
    links = opened.locator("a[href^='#']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    found = list(dict.fromkeys(links))
    assert len(found) > 15
    for fragment in found:
        go(opened, fragment)
        assert seen_pages(opened) == [fragment[1:]]
    for fragment in reversed(found[:-1]):
        opened.go_back()
        assert seen_pages(opened) == [fragment[1:]]


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'none'",
        "sandbox; default-src 'none'; img-src 'self'; style-src 'self';",
    ],
)
def test_a_policy_that_forbids_everything_leaves_it_readable(
    browser: Any, report: Path, policy: str
) -> None:
    """The strictest one and Jenkins': no script, no style; marks keep their colours."""
    page = browser.new_page()
    page.route(
        "http://report.test/",
        lambda route: route.fulfill(
            body=report.read_text(),
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": policy},
        ),
    )
    page.goto("http://report.test/")
    assert len(seen_pages(page)) == page.locator(".page").count() > 10
    mark = page.locator(f"{CELL} svg path.f-stuck").first
    assert mark.evaluate("e => getComputedStyle(e).fill") == "rgb(156, 15, 73)"
    key = page.locator(f"{CELL} .legend use").first
    assert key.evaluate("e => e.getBoundingClientRect().width") > 5
    page.close()


# --- sizes ------------------------------------------------------------------------


def first_paint_ms(browser: Any, path: Path) -> float:
    """Return how long the fastest of five openings took to show something."""
    paints = []
    for _ in range(5):
        page = browser.new_page()
        page.goto(path.as_uri())
        page.wait_for_function("performance.getEntriesByType('paint').length")
        paints.append(
            page.evaluate("performance.getEntriesByType('paint')[0].startTime")
        )
        page.close()
    return float(min(paints))


def test_forty_eight_cells_of_5000_jobs_fit_and_are_shown_at_once(
    browser: Any, tmp_path: Path
) -> None:
    """5 MB at most, 200 pages of jobs, painted within half a second."""
    text = html.render(*large_run())
    assert 3_000_000 < len(text.encode()) <= detail.LIMIT_BYTES
    assert len(re.findall(r'<section [^>]*id="[^"]*--j\d+"', text)) == 200
    assert "A job that survived" in text
    path = tmp_path / "large.html"
    path.write_text(text)
    assert first_paint_ms(browser, path) < 500


@pytest.mark.parametrize("jobs", [1, 100_000])
def test_a_run_of_one_job_and_one_of_100_000_have_a_page(
    browser: Any, tmp_path: Path, jobs: int
) -> None:
    """Judged and drawn from a history on disk."""
    path = tmp_path / "bench" / "bench" / "history.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(map(history.encode, judging._history(jobs))))
    judge_run(tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri() + "#bench--bench")
    assert page.locator("figure svg[data-from]").count() == 3
    assert f"{jobs:,} accepted" in page.locator(".books").inner_text()
    assert (tmp_path / "index.html").stat().st_size < 1_000_000
    page.close()


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((), "Nothing ran"),
        ((runs.interrupted,), "interrupted"),
        ((runs.lost_stack,), "the harness failed"),
        ((runs.failed,), "no verdict"),
        ((runs.none, runs.interrupted), "interrupted"),
    ],
)
def test_a_run_that_ended_badly_has_a_page(
    browser: Any, tmp_path: Path, parts: tuple[Any, ...], said: str
) -> None:
    """Empty, interrupted, crashed, without a verdict: it says so on top."""
    for part in parts:
        part(tmp_path)
    judge_run(tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    assert said in heading(page)
    page.close()


# --- to be seen -----------------------------------------------------------------


@pytest.mark.parametrize("fragment", PAGES)
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_sticks_out(opened: Any, fragment: str, width: int) -> None:
    """What is wide scrolls by itself, the page does not."""
    opened.set_viewport_size({"width": width, "height": 800})
    go(opened, fragment)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_a_matrix_of_six_designs_and_32_scenarios_fits_a_screen_and_paper(
    browser: Any, tmp_path: Path
) -> None:
    """No column is out of sight at 1440 pixels or on A4; the designs' names stay."""
    text = html.render(*large_run(scenarios=32, jobs=20, stuck=2))
    path = tmp_path / "wide.html"
    path.write_text(text)
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(path.as_uri())
    inner = "e => e.scrollWidth <= e.clientWidth"
    assert page.locator(".index .scroll").evaluate(inner)
    page.locator(".index .matrix tbody tr").last.scroll_into_view_if_needed()
    head = page.locator(".index .matrix thead [scope=col]").last
    assert head.evaluate("e => Math.abs(e.getBoundingClientRect().top) < 2")
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    assert page.locator(".index .scroll").evaluate(inner)
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 360, "height": 800})
    box = page.locator(".index .scroll")
    box.evaluate("e => { e.scrollLeft = e.scrollWidth }")
    name = page.locator(".index .matrix tbody th").first
    assert name.evaluate("e => e.getBoundingClientRect().left") >= 0
    page.close()


def test_on_paper_are_the_index_and_the_page_in_view(opened: Any) -> None:
    """Light, whatever the screen is; not all pages of the file."""
    opened.emulate_media(media="print", color_scheme="dark")
    assert seen_pages(opened) == ["index"]
    go(opened, CELL)
    assert seen_pages(opened) == ["index", CELL[1:]]
    ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"


def test_nothing_moves_by_itself(opened: Any) -> None:
    """Whoever is made ill by motion is served without asking."""
    moving = (
        "[...document.querySelectorAll('*')].filter(e => {"
        " const s = getComputedStyle(e); return s.animationName !== 'none'"
        " || s.transitionDuration !== '0s' || s.scrollBehavior !== 'auto' }).length"
    )
    assert opened.evaluate(moving) == 0


def test_who_points_at_a_job_sees_how_long_it_lived(opened: Any) -> None:
    """From its asking to its end; one that never ended goes on to the chart's edge."""
    go(opened, CELL)
    mark = opened.locator(f'{CELL} figure a[href="{JOB}"]')
    life = mark.locator(".life")
    shown = "e => getComputedStyle(e).opacity"
    assert life.evaluate(shown) == "0"
    mark.locator("path").last.hover()
    assert life.evaluate(shown) == "1"
    assert life.get_attribute("d").endswith("H948")
