"""The API's own view is read page by page, and whole or not at all."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.errors import StackLost
from harness.stack.ledgers import api
from harness.tests.workload.stub import Answer, http, serving

PER_PAGE = 10


def listing(jobs: int, *, claimed: int | None = None) -> Callable[..., Answer]:
    """Answer as the app's list does; `claimed` is a count that is not true."""

    def behave(_: str, path: str, __: Any) -> Answer:
        first = (int(path.partition("page=")[2]) - 1) * PER_PAGE
        shown = [
            {
                "id": job,
                "key": f"k{job}",
                "status": "finished",
                "result": 256,
                "url": "",
            }
            for job in range(jobs - first, max(jobs - first - PER_PAGE, 0), -1)
        ]
        page = {"count": jobs if claimed is None else claimed, "results": shown}
        return Answer(text=http(200, page))

    return behave


@pytest.mark.parametrize(("jobs", "pages"), [(0, 1), (10, 1), (11, 2), (95, 10)])
def test_every_page_is_read_once(jobs: int, pages: int) -> None:
    """Each job is seen, with what the API says of it."""
    with serving(listing(jobs)) as server:
        seen = api.read_jobs(server.base_url)

    assert sorted(each.job for each in seen) == list(range(1, jobs + 1))
    assert {(each.status, each.result) for each in seen} <= {("finished", 256)}
    assert all(each.key == f"k{each.job}" for each in seen)
    assert len(server.requests) == pages


def test_a_list_that_does_not_add_up_is_not_read() -> None:
    """A job that no page showed would look like one that the API does not know."""
    with (
        serving(listing(12, claimed=13)) as server,
        pytest.raises(StackLost, match="lists 13 jobs and shows 12"),
    ):
        api.read_jobs(server.base_url)


@pytest.mark.parametrize(
    "answer",
    [Answer(text=http(500, {})), Answer(reset=True), Answer(text=http(200, b"<"))],
)
def test_an_api_that_cannot_be_read_says_so(answer: Answer) -> None:
    """It is the ledger that is unknown then; the harness does not crash."""
    with (
        serving(lambda *_: answer) as server,
        pytest.raises(StackLost, match="did not show page 1"),
    ):
        api.read_jobs(server.base_url)


def test_a_silent_api_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages together have one deadline."""
    monkeypatch.setattr(api, "_READ_WITHIN_SECONDS", 0.3)
    with (
        serving(lambda *_: Answer(after_seconds=5)) as server,
        pytest.raises(StackLost, match="timed out"),
    ):
        api.read_jobs(server.base_url)
