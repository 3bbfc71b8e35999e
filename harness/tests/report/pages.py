"""Pages taken apart for tests, and a run that has something of everything."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from harness.history import NotRun
from harness.report.evidence import judge_cells
from harness.report.results import RunResult
from harness.tests.histories import runs

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"

# One page of each kind in the report that the browser opens.
CELL = "#story--broke"
JOB = f"{CELL}--j1"
UNKNOWN = "#story--none"
UNEXPLAINED = "#story--odd--j1"
SURVIVOR = f"{CELL}--s1"
PAGES = ("", "#guarantees", CELL, UNKNOWN, JOB, UNEXPLAINED, SURVIVOR)


def go(page: Any, fragment: str) -> None:
    """Go to a page within the file, by its address."""
    page.goto(page.url.split("#")[0] + fragment)


def heading(page: Any) -> str:
    """Return the one h1 that is seen."""
    (seen,) = page.locator("h1:visible").all()
    return " ".join(seen.inner_text().split())


def seen_pages(page: Any) -> list[str]:
    """Return the ids of the file's pages that are shown."""
    found = page.evaluate(
        "[...document.querySelectorAll('.page')].filter(e => e.checkVisibility())"
        ".map(e => e.id)"
    )
    return list(found)


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
        """Note the text that a reader sees."""
        if self.tags[-1:] not in (["script"], ["style"]):
            self.text += data


class Sections(HTMLParser):
    """The text of each page of a file by its id, without what is drawn or quoted."""

    QUIET = frozenset(("svg", "figcaption", "pre", "code", "nav", "style", "script"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self._now = ""
        self._quiet = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a page, or what is not read."""
        given = dict(attrs)
        if tag == "section" and (given.get("class") or "").startswith("page"):
            self._now = given.get("id") or ""
        if tag == "footer":
            self._now = ""
        self._quiet += tag in self.QUIET

    def handle_endtag(self, tag: str) -> None:
        """End what is not read."""
        self._quiet -= tag in self.QUIET

    def handle_data(self, data: str) -> None:
        """Keep what a reader reads; tags part words."""
        if self._now and not self._quiet:
            self.texts[self._now] = f"{self.texts.get(self._now, '')} {data}"


def mixed_run(folder: Path) -> RunResult:
    """Return a run with a cell of each verdict, and one that did not run."""
    for part in (runs.kept, runs.weak, runs.broke, runs.none, runs.failed):
        part(folder)
    not_run = (NotRun(scenario="late", design="kept", because="no time"),)
    runs.run_json(folder, not_run=not_run, versions={"celery": "5.5.1"})
    return judge_cells(folder)
