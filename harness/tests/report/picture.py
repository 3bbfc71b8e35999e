"""Take the README's picture of a report: its first screen, as a reader finds it.

`python -m harness.tests.report.picture reports/example .github/report.png`
"""

import sys
from pathlib import Path

from harness.tests.report.browsers import chromium

WIDTH, HEIGHT = 1280, 1170


def take(run: Path, picture: Path) -> None:
    """Open the run's index.html and write what is seen of it without scrolling."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto((run / "index.html").resolve().as_uri())
        page.screenshot(path=str(picture))


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
