"""Pictures and pages as they were last looked at: a change shows in review.

`python -m harness.tests.report.golden` writes them anew.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.report import html, swimlane
from harness.report.exhibits import exhibits
from harness.tests.histories import damage
from harness.tests.histories.build import facts, history, sealed
from harness.tests.histories.judged import judged
from harness.tests.report.pages import mixed_run
from harness.tests.report.test_pictures import drawn

GOLDEN = Path(__file__).parent / "golden"


def golden_pictures() -> str:
    """Return a cell's charts and its jobs' swim-lanes."""
    events = damage.duplicate_effect(damage.stranded_pending(facts(6), 2), 4)
    result = judged(history(sealed(events)))
    lanes = [str(swimlane.draw(s.events, result.faults)) for s in result.stories]
    return "\n".join((*drawn(events), *lanes)).replace("><", ">\n<") + "\n"


def golden_pages() -> str:
    """Return all pages of a run with every verdict, without pictures and style."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        result = mixed_run(folder)
        text = html.render(result, exhibits(folder, result))
    body = text[text.index("<body>") : text.index("<script>")]
    return re.sub(r"<svg.*?</svg>", "<svg/>", body, flags=re.DOTALL)


def test_the_pictures_are_those_on_disk() -> None:
    """Paths, places and colours."""
    assert golden_pictures() == (GOLDEN / "pictures.svg.txt").read_text()


def test_the_pages_are_those_on_disk() -> None:
    """Words, order and links."""
    assert golden_pages() == (GOLDEN / "pages.html.txt").read_text()
