"""The report in a real browser: it asks for nothing, and is read by everybody.

axe and Lighthouse are not here; what they check that matters to this page is checked
by hand: landmarks, headings, names, labels, contrast, keys.
"""

import random
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness.fates import fold
from harness.history import Cell
from harness.report import html
from harness.report.evidence import judge_cells, judge_run
from harness.report.exhibits import Exhibit
from harness.report.scene import look
from harness.tests.histories import damage, runs
from harness.tests.histories.build import (
    FINAL_READ,
    Facts,
    cell,
    facts,
    history,
    job,
    promising,
    sealed,
)
from harness.tests.histories.judged import judged

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
CELL = "#story--broke"
JOB = "#story--broke--j1"
PAGES = ("", "#guarantees", CELL, JOB)


@pytest.fixture(name="browser", scope="module")
def _browser() -> Iterator[Any]:
    """Return a headless Chromium."""
    playwright = pytest.importorskip(
        "playwright.sync_api",
        reason="there is no Playwright here: pip install playwright",
    )
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # A container's root has no sandbox to give.
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture(name="report", scope="module")
def _report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a run with a cell of each verdict, and hostile texts."""
    folder = tmp_path_factory.mktemp("run")

    def harm(events: Facts, number: int) -> Facts:
        return damage.duplicate_effect(damage.stranded_pending(events, number), 3)

    runs.put(folder, "broke", harm=harm, claim=HOSTILE, workload=HOSTILE)
    for part in (runs.kept, runs.weak, runs.none, runs.failed):
        part(folder)
    log = folder / "story/broke/web.log"
    log.write_text(f"2023-11-14T22:13:23.000000000Z {HOSTILE}\n")
    runs.run_json(folder, versions={"celery": HOSTILE})
    judge_run(folder)
    return folder / "index.html"


@pytest.fixture(name="opened")
def _opened(
    browser: Any, report: Path, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """Open the report in a new window with the options of the test's `opened` mark."""
    options = getattr(request, "param", {})
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(report.as_uri())
    yield page
    context.close()


def go(page: Any, fragment: str) -> None:
    """Go to a page within the file, by its address."""
    page.goto(page.url.split("#")[0] + fragment)


def heading(page: Any) -> str:
    """Return the one h1 that is seen."""
    (seen,) = [each for each in page.locator("h1").all() if each.is_visible()]
    return " ".join(seen.inner_text().split())


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


@pytest.mark.parametrize("opened", [{"java_script_enabled": False}, {}], indirect=True)
def test_two_clicks_from_a_red_cell_to_a_because_sentence(opened: Any) -> None:
    """With scripts and without; Back goes the same way back."""
    assert "broke a promise" in heading(opened)
    opened.click("td.broke a")
    assert heading(opened).startswith("✕ broke story × broke broke a promise: 1 job")
    opened.locator(f'{CELL} .keys a[href="{JOB}"]').first.click()
    assert heading(opened) == (
        "Job pending for ever, because: answered 201, stored, never published."
    )
    opened.go_back()
    assert "story × broke" in heading(opened)
    opened.go_back()
    assert "broke a promise of its design" in heading(opened)


def test_every_link_within_the_file_shows_a_page(opened: Any) -> None:
    """And exactly one."""
    links = opened.evaluate("[...document.querySelectorAll('a')].map(a => a.hash)")
    for fragment in {link for link in links if link}:
        go(opened, fragment)
        assert opened.locator(".page:visible").count() == 1
        assert f"#{opened.locator('.page:visible').get_attribute('id')}" == fragment


def test_a_policy_that_forbids_everything_leaves_it_readable(
    browser: Any, report: Path
) -> None:
    """Jenkins' own: no script, no inline style; marks keep their colours."""
    page = browser.new_page()
    page.route(
        "http://report.test/",
        lambda route: route.fulfill(
            body=report.read_text(),
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": "sandbox; default-src 'none'"},
        ),
    )
    page.goto("http://report.test/")
    assert page.locator("h1").first.is_visible()
    assert page.locator(f"{JOB} h1").is_visible()
    mark = page.locator(f"{CELL} svg path.f-stuck").first
    assert mark.evaluate("e => getComputedStyle(e).fill") == "rgb(156, 15, 73)"
    page.close()


# --- a large run ------------------------------------------------------------------


def crowd() -> Facts:
    """Return a cell of 5,000 jobs in a minute, 180 of them stuck."""
    luck = random.Random(7)
    events = facts(0, asked=cell(promises=promising("every_job_starts")))
    for number in range(1, 5001):
        begun, slowness = 1001 + 60 * number / 5000, luck.lognormvariate(1, 1)
        one = [
            replace(each, time=begun + slowness * (each.time - begun))
            if each.time < FINAL_READ
            else each
            for each in job(number, at=begun)
        ]
        stuck = 2000 <= number < 2180
        events += damage.stranded_pending(one, number) if stuck else one
    return events


def test_forty_eight_cells_of_5000_jobs_fit_and_are_shown_at_once(
    browser: Any, tmp_path: Path
) -> None:
    """5 MB at most, 200 pages of jobs, painted within half a second."""
    folded = history(sealed(crowd()))
    result = judged(folded)
    scene = look(folded, fold(folded, folded.of(Cell)[0]))
    cells = tuple(
        replace(result, scenario=f"scenario_{s}", design=f"design_{d}")
        for s in range(8)
        for d in range(6)
    )
    runs.kept(tmp_path)
    run = replace(judge_cells(tmp_path), cells=cells)
    shown = {(c.scenario, c.design): Exhibit(scene=scene) for c in cells}
    text = html.render(run, shown)
    assert 3_000_000 < len(text.encode()) <= html.LIMIT_BYTES
    assert text.count("A job that survived") > 0
    assert text.count("--j") > 200
    path = tmp_path / "large.html"
    path.write_text(text)
    paints = []
    for _ in range(3):
        page = browser.new_page()
        page.goto(path.as_uri())
        paints.append(
            page.evaluate("performance.getEntriesByType('paint')[0].startTime")
        )
        page.close()
    assert min(paints) < 500


# --- to be seen -----------------------------------------------------------------

CONTRASTS = """() => {
  const lit = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * lit(r) + 0.7152 * lit(g) + 0.0722 * lit(b);
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const found = parse(getComputedStyle(node).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest("script, style, title")) continue;
    const style = getComputedStyle(node);
    const ink = light(parse(node.closest("svg") ? style.fill : style.color));
    const paper = light(ground(node));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    found.push([ratio, walk.currentNode.data.trim().slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}"""


@pytest.mark.parametrize("fragment", PAGES)
@pytest.mark.parametrize(
    "opened", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True
)
def test_all_text_can_be_read(opened: Any, fragment: str) -> None:
    """4.5 to 1 against what lies behind it, light and dark."""
    go(opened, fragment)
    found = opened.evaluate(CONTRASTS)
    assert len(found) > 20
    assert found[0][0] >= 4.5, found[:3]


@pytest.mark.parametrize("fragment", PAGES)
@pytest.mark.parametrize("width", [360, 390, 1280, 1440])
def test_nothing_sticks_out(opened: Any, fragment: str, width: int) -> None:
    """What is wide scrolls by itself, the page does not."""
    opened.set_viewport_size({"width": width, "height": 800})
    go(opened, fragment)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_are_the_index_and_the_page_in_view(opened: Any) -> None:
    """Light, whatever the screen is; not all pages of the file."""
    opened.emulate_media(media="print", color_scheme="dark")
    assert [each.get_attribute("id") for each in seen_pages(opened)] == ["index"]
    go(opened, CELL)
    assert [each.get_attribute("id") for each in seen_pages(opened)] == [
        "index",
        CELL[1:],
    ]
    ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"


def seen_pages(page: Any) -> list[Any]:
    """Return the pages of the file that are shown."""
    return [each for each in page.locator(".page").all() if each.is_visible()]


# --- to be heard and typed --------------------------------------------------------

STRUCTURE = """() => {
  const seen = [...document.querySelectorAll("*")].filter((e) => e.checkVisibility());
  const of = (what) => seen.filter((e) => e.matches(what));
  const label = (e) => document.getElementById(e.getAttribute("aria-labelledby"));
  const name = (e) => (e.getAttribute("aria-label") || e.textContent || "").trim()
    || label(e)?.textContent;
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  return {
    landmarks: ["header", "main", "footer"].map((each) => of(`body > ${each}`).length),
    levels: of("h1, h2, h3, h4").map((e) => +e.tagName[1]),
    nameless: of("a, summary, input, svg:not([aria-hidden]), nav, [role=region]")
      .filter((e) => !name(e) && !e.labels?.length).map((e) => e.outerHTML),
    unlabelled: of("[aria-labelledby]").filter((e) => !label(e)).length,
    headless: of("table").filter((e) => !e.querySelector("th[scope]")).length,
    scrollers: of(".scroll").filter((e) => e.tabIndex !== 0).length,
    twins: ids.length - new Set(ids).size,
    lang: document.documentElement.lang,
  };
}"""


@pytest.mark.parametrize("fragment", PAGES)
def test_a_screen_reader_finds_its_way(opened: Any, fragment: str) -> None:
    """Landmarks, one h1, no level skipped, a name for all that is worked with."""
    go(opened, fragment)
    found = opened.evaluate(STRUCTURE)
    assert found["landmarks"] == [1, 1, 1]
    levels = found["levels"]
    assert levels.count(1) == 1
    assert all(under <= level + 1 for level, under in pairwise(levels)), levels
    assert found["nameless"] == []
    assert (found["unlabelled"], found["headless"]) == (0, 0)
    assert (found["scrollers"], found["twins"]) == (0, 0)
    assert found["lang"] == "en"


def test_keys_lead_from_finding_to_finding(opened: Any) -> None:
    """`f` forth, b back, g and i to the overviews."""
    for key, title in (
        ("f", "✕ broke story × broke broke"),
        ("f", "? no verdict story × failed"),
        ("b", "✕ broke story × broke broke"),
        ("g", "Which design keeps what"),
        ("i", "✕ 1 of 5 cells broke a promise"),
    ):
        opened.keyboard.press(key)
        assert heading(opened).startswith(title)


def test_a_red_cell_is_reached_and_opened_by_tab_and_enter(opened: Any) -> None:
    """No mouse is needed."""
    for _ in range(40):
        opened.keyboard.press("Tab")
        if opened.evaluate("document.activeElement.hash") == CELL:
            break
    opened.keyboard.press("Enter")
    assert "story × broke" in heading(opened)


def test_the_filter_hides_what_it_does_not_name(opened: Any) -> None:
    """A design leaves its row, a word that nothing has leaves all."""
    rows = opened.locator(".matrix tbody tr:visible")
    assert rows.count() == 5
    opened.fill(".filter input", "weak")
    assert rows.count() == 1
    opened.fill(".filter input", "no such")
    assert rows.count() == 5


def test_the_cross_hair_says_what_is_under_it(opened: Any) -> None:
    """By mouse and by arrow keys, aloud for those who listen."""
    go(opened, CELL)
    readout = opened.locator(f"{CELL} output")
    assert not readout.is_visible()
    opened.locator(f"{CELL} figure svg[data-from]").nth(1).hover()
    assert "rows pending" in readout.inner_text()
    before = readout.inner_text()
    opened.locator(f"{CELL} figure .scroll").nth(1).focus()
    opened.keyboard.press("Shift+ArrowRight")
    assert readout.inner_text() != before
