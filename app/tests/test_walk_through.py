"""Each design as a whole system: real web, worker and relay, used over HTTP."""

import pytest

from tests.system import LADDER, System

pytestmark = pytest.mark.engine


@pytest.fixture(params=["tutorial", "outbox"])
def system(ladder: dict[str, System], request: pytest.FixtureRequest) -> System:
    """Take each design in turn."""
    return ladder[request.param]


@pytest.mark.parametrize("system", LADDER, indirect=True)
def test_the_tutorials_own_walk_through(system: System) -> None:
    """Post a job of each type, get it, see it finished with its result and effect."""
    for asked, result in (
        ({"type": "fibonacci", "argument": 10}, 55),
        ({"type": "power", "argument": 8}, 256),
        ({"type": "sleep", "argument": 20}, 20),
    ):
        answer = system.post(**asked)
        job = answer.json()

        assert answer.status_code == 201
        assert (job["status"], job["result"], job["key"]) == ("pending", None, None)
        system.ends_as(job["id"], "finished")
        assert system.get(f"/jobs/{job['id']}/").json()["result"] == result
        assert system.effects(job["id"]) == 1


def test_a_key_that_is_used_twice(system: System) -> None:
    """The tutorial makes a second job; outbox answers with the first, or refuses."""
    asked = {"type": "power", "argument": 3, "key": "used twice"}
    first, second = system.post(**asked), system.post(**asked)
    found = system.get("/jobs/?key=used twice").json()["results"]

    assert first.status_code == 201
    if system.design == "tutorial":
        assert second.status_code == 201
        assert len(found) == 2
    else:
        assert second.status_code == 200
        assert [job["id"] for job in found] == [first.json()["id"]]
        other = system.post(type="power", argument=4, key="used twice")
        assert other.status_code == 409
        assert "Use a new key" in other.json()["detail"]


def test_a_job_that_cannot_end_well_is_not_stored(system: System) -> None:
    """The answer is 400, says why, and leaves no row."""
    before = system.get("/jobs/").json()["count"]
    answer = system.post(type="power", argument=63)

    assert answer.status_code == 400
    assert "does not fit" in answer.json()["argument"][0]
    assert system.get("/jobs/").json()["count"] == before


def test_jobs_are_listed_ten_at_a_time(system: System) -> None:
    """A page has ten jobs, newest first, and says where the next one is."""
    for argument in range(11):
        system.post(type="power", argument=argument)
    page = system.get("/jobs/").json()

    assert [job["argument"] for job in page["results"]] == list(range(10, 0, -1))
    assert page["next"].endswith("/jobs/?page=2")
    assert system.get("/jobs/?page=999").status_code == 404


def test_the_api_can_be_browsed_without_debug(system: System) -> None:
    """Pages, their style sheets and the login are there; DEBUG is off."""
    page = system.get("/jobs/", Accept="text/html").text
    style = page.split('href="/static/')[1].split('"')[0]

    assert system.get(f"/static/{style}").status_code == 200
    assert system.get("/api-auth/login/").status_code == 200
    assert system.get("/health/").text == "ok\n"
    assert "DEBUG" not in system.get("/nowhere/").text


def test_an_odd_address_is_not_found(system: System) -> None:
    """An id that no column holds, or none at all, is 404 and no 500."""
    for job_id in ("0", "9" * 40, "x", "%00"):
        assert system.get(f"/jobs/{job_id}/").status_code == 404
