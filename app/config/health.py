"""Health: is this process alive, and are the services that it needs there?

Two questions, because two things act on the answers. `/health/` asks for nothing but
this process: an orchestrator restarts what does not answer, and a restart mends no
database. `/health/ready/` asks Postgres, RabbitMQ and Redis: a load balancer sends no
requests to a web process that could not serve them.

It is made to be asked once a second. Each service is asked side by side with the
others, over a connection that is kept for this alone: publishing has its own, so
neither waits for the other. A service that is still being asked is not asked again, so
there is never more than one connection and one thread for each, however many ask.
"""

import logging
import select
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing
from threading import Lock
from time import monotonic
from typing import Any

import psycopg2
import psycopg2.extensions
from amqp.exceptions import AMQPError
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from redis import Redis, RedisError
from redis import TimeoutError as RedisTimeout
from redis.backoff import NoBackoff
from redis.retry import Retry

AT_MOST_SECONDS = 1.0
SILENT = (TimeoutError, RedisTimeout)
UNREACHABLE = (psycopg2.Error, AMQPError, BrokerError, RedisError, OSError)

logger = logging.getLogger(__name__)

# One round trip for each `next`; what a check keeps open it closes when it ends.
Check = Iterator[None]


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Say of each service whether it answers: 200 if all do, else 503."""
    asked = {name: _ask(name) for name in CHECKS}
    wait_for(asked.values(), timeout=AT_MOST_SECONDS)
    services = {name: _state(asking) for name, asking in asked.items()}
    is_ready = set(services.values()) == {"up"}
    return JsonResponse(
        {"status": "ready" if is_ready else "unavailable", "services": services},
        status=200 if is_ready else 503,
    )


def _postgres() -> Check:
    # An asynchronous connection, because it is the only one of psycopg2's that can be
    # left when the other side has gone silent.
    opened = psycopg2.connect(settings.DATABASE_URL, async_=True, connect_timeout=2)
    with closing(opened) as connection:
        _wait(connection)
        while True:
            with closing(connection.cursor()) as cursor:
                cursor.execute("SELECT 1")
                _wait(connection)
            yield


def _wait(connection: psycopg2.extensions.connection) -> None:
    """Let the connection go on with what it does until that is done."""
    deadline = monotonic() + AT_MOST_SECONDS
    wanted = {
        psycopg2.extensions.POLL_READ: select.POLLIN,
        psycopg2.extensions.POLL_WRITE: select.POLLOUT,
    }
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection, wanted[state])
        if not poll.poll(max(0, deadline - monotonic()) * 1000):
            raise TimeoutError


def _rabbitmq() -> Check:
    limits = {"read_timeout": AT_MOST_SECONDS, "write_timeout": AT_MOST_SECONDS}
    broker = Connection(
        settings.CELERY_BROKER_URL,
        connect_timeout=AT_MOST_SECONDS,
        # Nobody would send one between two questions.
        heartbeat=0,
        transport_options=limits,
    )
    # Not broker.connect(): that tries twice, with two seconds between.
    connection: Any = broker.transport.establish_connection()
    try:
        while True:
            connection.channel().close()
            yield
    finally:
        # Not close(): it would wait for an answer that a silent broker never gives.
        connection.collect()


def _redis() -> Check:
    with Redis.from_url(
        settings.CELERY_RESULT_BACKEND,
        socket_timeout=AT_MOST_SECONDS,
        socket_connect_timeout=AT_MOST_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        while True:
            client.ping()
            yield


CHECKS: dict[str, Callable[[], Check]] = {
    "postgres": _postgres,
    "rabbitmq": _rabbitmq,
    "redis": _redis,
}

_pool = ThreadPoolExecutor(len(CHECKS), thread_name_prefix="health")
_lock = Lock()
_asking: dict[str, "Future[str]"] = {}
_kept: dict[str, Check] = {}
_last: dict[str, str] = {}


def _ask(name: str) -> "Future[str]":
    """Ask a service, or join the one who asks it already."""
    with _lock:
        if name not in _asking or _asking[name].done():
            _asking[name] = _pool.submit(_answer, name)
        return _asking[name]


def _state(asking: "Future[str]") -> str:
    return asking.result() if asking.done() else "silent"


def _answer(name: str) -> str:
    """Say "up", "silent" or "down"; log it when it is another than the last time."""
    state, because = "up", ""
    try:
        _round_trip(name)
    except UNREACHABLE as error:
        state = "silent" if isinstance(error, SILENT) else "down"
        because = f": {error!r}"
    if _last.get(name, "up") != state:
        logger.warning("%s is %s%s", name, state, because)
    _last[name] = state
    return state


def _round_trip(name: str) -> None:
    """Ask over the connection that was kept, or over a new one where that is lost."""
    if kept := _kept.pop(name, None):
        try:
            next(kept)
        except SILENT:
            raise
        except UNREACHABLE:
            pass  # it may only be the connection that is gone, after a restart
        else:
            _kept[name] = kept
            return
    kept = CHECKS[name]()
    next(kept)
    _kept[name] = kept
