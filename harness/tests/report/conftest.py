"""A real browser and a report to open in it; without a browser, tests are skipped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report.evidence import judge_run
from harness.tests.histories import damage, runs
from harness.tests.histories.build import Facts
from harness.tests.report.browsers import NoBrowser, chromium
from harness.tests.report.pages import HOSTILE


@pytest.fixture(name="browser", scope="session")
def _browser() -> Iterator[Any]:
    """Return a headless Chromium that asks nobody for anything."""
    try:
        with chromium() as browser:
            yield browser
    except NoBrowser as missing:
        pytest.skip(str(missing))


@pytest.fixture(name="report", scope="session")
def _report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a run with cells of each verdict, and hostile texts."""
    folder = tmp_path_factory.mktemp("run")

    def harm(events: Facts, number: int) -> Facts:
        return damage.duplicate_effect(damage.stranded_pending(events, number), 3)

    runs.put(folder, "broke", harm=harm, claim=HOSTILE, workload=HOSTILE)
    for part in (runs.kept, runs.weak, runs.none, runs.failed):
        part(folder)
    runs.put(folder, "odd", harm=damage.DAMAGES["wrong_result"], promises=())
    runs.put(folder, "lost", harm=damage.lost_record)
    runs.put(folder, HOSTILE.replace("/", ""), harm=damage.DAMAGES["duplicate_run"])
    runs.put(folder, scenario="quiet", faults=())
    log = folder / "story/broke/web.log"
    log.write_text(f"2023-11-14T22:13:23.000000000Z {HOSTILE}\n")
    runs.run_json(folder, versions={"celery": HOSTILE})
    judge_run(folder)
    return folder / "index.html"


@pytest.fixture(name="opened")
def _opened(
    browser: Any, report: Path, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """Open the report in a new window, with the options that a test asks for."""
    options = getattr(request, "param", {})
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(report.as_uri())
    yield page
    context.close()
