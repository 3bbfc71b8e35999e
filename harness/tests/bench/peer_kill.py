"""A killed worker, as pytest-celery's users test it: for `make bench-peer` alone.

After Celery's own smoke tests, which are written with it (t/smoke/tests/failover): a
task is done, the worker is killed and started again, and what was asked for meanwhile
is done as well. Each test has a RabbitMQ, a Redis and a worker of its own, as the
plugin has it. Run by another Python, which has the plugin; images come from the
environment, since the plugin's own need a registry.
"""

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from celery import Celery
from pytest_celery import (
    RESULT_TIMEOUT,
    CeleryBackendCluster,
    CeleryBrokerCluster,
    CeleryTestSetup,
    RabbitMQTestBroker,
    RedisTestBackend,
    ping,
)


@pytest.fixture
def default_rabbitmq_broker_image() -> str:
    """The broker that our own runs have."""
    return os.environ["PEER_RABBITMQ_IMAGE"]


@pytest.fixture
def default_redis_backend_image() -> str:
    """The Redis that our own runs have."""
    return os.environ["PEER_REDIS_IMAGE"]


@pytest.fixture(scope="session")
def celery_base_worker_image() -> SimpleNamespace:
    """A worker on the Python that our own runs have."""
    return SimpleNamespace(id=os.environ["PEER_WORKER_IMAGE"])


@pytest.fixture
def celery_broker_cluster(
    celery_rabbitmq_broker: RabbitMQTestBroker,
) -> Iterator[CeleryBrokerCluster]:
    """RabbitMQ only: the plugin would run each test with Redis as the broker, too."""
    cluster = CeleryBrokerCluster(celery_rabbitmq_broker)
    yield cluster
    cluster.teardown()


@pytest.fixture
def celery_backend_cluster(
    celery_redis_backend: RedisTestBackend,
) -> Iterator[CeleryBackendCluster]:
    """Redis for results."""
    cluster = CeleryBackendCluster(celery_redis_backend)
    yield cluster
    cluster.teardown()


@pytest.fixture
def default_worker_app(default_worker_app: Celery) -> Celery:
    """A worker that acknowledges late, as in Celery's own test."""
    default_worker_app.conf.task_acks_late = True
    return default_worker_app


@pytest.mark.parametrize("number", range(int(os.environ.get("PEER_TESTS", "3"))))
def test_a_killed_worker(celery_setup: CeleryTestSetup, number: int) -> None:
    """What is asked for while it is dead is done when it is back."""
    worker = celery_setup.worker
    queue = worker.worker_queue
    before = ping.s().apply_async(queue=queue)
    assert before.get(timeout=RESULT_TIMEOUT) == "pong"
    worker.kill()
    meanwhile = ping.s().apply_async(queue=queue)
    worker.restart()
    assert meanwhile.get(timeout=RESULT_TIMEOUT) == "pong"
