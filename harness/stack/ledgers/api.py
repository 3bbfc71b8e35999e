"""The API's own view at the end: every job as its list shows it, to whoever asks.

It exists because clients go by what the API says, not by rows: where the two disagree,
one of them lies. It belongs to the client ledger, and goes around the proxies as
clients do.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from harness.clock import now
from harness.errors import StackLost
from harness.history import ApiSeen

# A thousand jobs are a hundred pages; on a busy machine one takes a tenth of a second.
_READ_WITHIN_SECONDS = 60
_CONNECTIONS = 4


def read_jobs(web_url: str) -> list[ApiSeen]:
    """Return what the API shows of each job.

    Raises StackLost where it cannot be read, whole and in time.
    """
    ends = now() + _READ_WITHIN_SECONDS
    first, count = _page(web_url, 1, ends)
    pages = math.ceil(count / len(first)) if first else 1
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        others = pool.map(
            lambda number: _page(web_url, number, ends)[0], range(2, pages + 1)
        )
        seen = {each.job: each for page in (first, *others) for each in page}
    if len(seen) != count:
        raise StackLost(
            f"the API at {web_url} lists {count} jobs and shows {len(seen)} of them"
        )
    return list(seen.values())


def _page(web_url: str, number: int, ends: float) -> tuple[list[ApiSeen], int]:
    """Return one page of the list, and how many jobs the whole list has."""
    asked = now()
    try:
        with requests.Session() as session:
            # A proxy in the environment must not get in between.
            session.trust_env = False
            answer = session.get(
                f"{web_url}/jobs/",
                params={"page": number},
                headers={"Accept": "application/json"},
                timeout=max(ends - asked, 0.001),
            )
            answer.raise_for_status()
            page: dict[str, Any] = answer.json()
    except requests.RequestException as error:
        raise StackLost(
            f"the API at {web_url} did not show page {number} of its jobs: {error}"
        ) from error
    jobs = [
        ApiSeen(
            time=asked,
            key=job["key"],
            job=job["id"],
            status=job["status"],
            result=job["result"],
        )
        for job in page["results"]
    ]
    return jobs, page["count"]
