"""The report for all readers: by keyboard, by ear, in the dark.

axe-core checks what a machine can check; what it cannot judge (a path's contrast, the
order of headings on hidden pages, what keys do) is checked by hand.
"""

from importlib import resources
from itertools import pairwise
from typing import Any

import pytest

from harness.tests.report.pages import CELL, PAGES, go, heading

pytestmark = pytest.mark.browser

DARK, LIGHT = {"color_scheme": "dark"}, {"color_scheme": "light"}
NARROW = {"viewport": {"width": 360, "height": 800}}


@pytest.fixture(name="axe", scope="session")
def _axe() -> str:
    """Return axe-core's script, from the package that ships it."""
    pytest.importorskip(
        "axe_playwright_python",
        reason="axe-core is not here: make browser",
    )
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text()


@pytest.mark.parametrize("opened", [LIGHT, DARK, NARROW], indirect=True)
@pytest.mark.parametrize("fragment", PAGES)
def test_axe_finds_no_violation(opened: Any, axe: str, fragment: str) -> None:
    """On no kind of page, light or dark, wide or narrow, folds open."""
    go(opened, fragment)
    for folded in opened.locator("summary:visible").all():
        folded.click()
    opened.evaluate(axe)
    found = opened.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    )
    assert found == []


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
@pytest.mark.parametrize("opened", [LIGHT, DARK], indirect=True)
def test_all_text_can_be_read(opened: Any, fragment: str) -> None:
    """4.5 to 1 against what lies behind it, in pictures, too."""
    go(opened, fragment)
    found = opened.evaluate(CONTRASTS)
    assert len(found) > 20
    assert found[0][0] >= 4.5, found[:3]


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


# --- to be typed ------------------------------------------------------------------


def test_keys_lead_from_finding_to_finding(opened: Any) -> None:
    """`f` forth, b back, g and i to the overviews."""
    for key, title in (
        ("f", "✕ broke story × lost broke"),
        ("f", "✕ broke story × broke broke"),
        ("b", "✕ broke story × lost broke"),
        ("g", "Which design keeps what"),
        ("i", "✕ 2 of 9 cells broke a promise"),
    ):
        opened.keyboard.press(key)
        assert heading(opened).startswith(title)


@pytest.mark.parametrize("opened", [{"java_script_enabled": False}], indirect=True)
def test_a_red_cell_is_reached_and_opened_by_tab_and_enter(opened: Any) -> None:
    """No mouse is needed, and no script."""
    for _ in range(60):
        opened.keyboard.press("Tab")
        at = opened.locator(":focus").get_attribute("href")
        if at == CELL:
            break
    opened.keyboard.press("Enter")
    assert "story × broke" in heading(opened)


def test_the_filter_hides_what_it_does_not_name(opened: Any) -> None:
    """A scenario leaves its row, a design its column, a word that nothing has all."""
    rows = opened.locator(".index .matrix tbody tr:visible")
    names = opened.locator(".index .matrix thead [scope=col]:visible")
    assert (rows.count(), names.count()) == (2, 10)
    opened.fill(".filter input", "quiet")
    assert (rows.count(), names.count()) == (1, 10)
    opened.fill(".filter input", "weak")
    assert (rows.count(), names.count()) == (2, 2)
    opened.fill(".filter input", "no such")
    assert (rows.count(), names.count()) == (2, 10)


def test_the_cross_hair_says_what_is_under_it(opened: Any) -> None:
    """By mouse and by arrow keys, aloud for those who listen."""
    go(opened, CELL)
    readout = opened.locator(f"{CELL} output")
    assert not readout.is_visible()
    opened.locator(f"{CELL} figure svg[data-from]").nth(1).hover()
    assert "rows pending" in readout.inner_text()
    before = readout.inner_text()
    opened.locator(f"{CELL} figure .scroll").nth(1).focus()
    for _ in range(40):
        opened.keyboard.press("Shift+ArrowRight")
    assert readout.inner_text() != before
    assert "rows pending 1" in readout.inner_text()
