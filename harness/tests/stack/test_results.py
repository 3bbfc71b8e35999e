"""Results are read as Celery itself leaves them, from a real Redis."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import Celery
from celery.app.task import Context

from harness.clock import wait_until
from harness.errors import StackLost
from harness.history import PublishBegun
from harness.stack.engine import connect
from harness.stack.interpolation import environment_for
from harness.stack.ledgers import results
from harness.stack.services import host_port

pytestmark = pytest.mark.engine


@pytest.fixture(name="url")
def _url(request: pytest.FixtureRequest) -> Iterator[str]:
    engine = connect()
    image = environment_for(request.config.rootpath).get("REDIS_IMAGE", "redis:8")
    container = engine.containers.run(
        image,
        detach=True,
        ports={"6379/tcp": ("127.0.0.1", 0)},
        labels={"celery-proving-ground.test": "results"},
    )
    url = f"redis://127.0.0.1:{host_port(container, 6379)}/3"
    with redis.Redis.from_url(url) as client:
        assert wait_until(lambda: _answers(client), within_seconds=10)
    yield url
    container.remove(force=True, v=True)
    engine.close()


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _published(job: int, task: str) -> PublishBegun:
    return PublishBegun(time=1.0, job=job, task=task, process=1, container="web")


@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_what_celery_stored_is_read_for_each_job(url: str) -> None:
    """The job is known from the attempts, or from the arguments where stored."""
    app = Celery("test", backend=url, set_as_current=False)
    app.conf.result_extended = True
    app.backend.store_result("t1", 256, "SUCCESS")
    app.backend.store_result("t2", ValueError("no"), "FAILURE")
    asked = Context(task="jobs.tasks.power", args=[], kwargs={"job_id": 7})
    app.backend.store_result("t3", None, "SUCCESS", request=asked)
    app.backend.store_result("of-no-job", 1, "SUCCESS")
    app.close()

    seen = results.read_all(url, [_published(5, "t1"), _published(6, "t2")])

    assert [(each.job, each.task, each.state, each.result) for each in seen] == [
        (5, "t1", "SUCCESS", 256),
        (6, "t2", "FAILURE", None),
        (7, "t3", "SUCCESS", None),
    ]


def test_what_is_none_of_celerys_is_a_gap(url: str) -> None:
    """A result that we cannot read must not look like one that agrees."""
    with redis.Redis.from_url(url) as client:
        client.set("celery-task-meta-t1", b"\x80pickle")

    with pytest.raises(StackLost, match="none of Celery's"):
        results.read_all(url, [])


def test_a_redis_that_is_not_there_is_a_gap() -> None:
    """The ledger is unknown then; the harness does not crash."""
    with pytest.raises(StackLost, match="could not be read"):
        results.read_all("redis://127.0.0.1:9/0", [])
