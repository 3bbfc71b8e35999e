"""The rest of what the probe can see, with `PROBE_FULL=1`.

Acknowledgements and rejections happen in the worker's main process and have no signal:
the calls are wrapped. A pool child says itself that it is born; that it died is seen
by the main process, which also knows how.
"""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from . import job, lines


def _install_message(message: ModuleType) -> None:
    """Watch what is written to the broker about a delivery (`kombu.message`)."""
    for name, kind, requeue in (
        ("ack", "acknowledged", None),
        ("reject", "rejected", False),
        ("requeue", "rejected", True),
    ):
        original = getattr(message.Message, name)
        setattr(message.Message, name, _told(original, kind, requeue))


def _told(original: Callable[..., Any], kind: str, requeue: bool | None) -> Any:
    @wraps(original)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        headers = self.headers or {}
        if "task" not in headers:
            return original(self, *args, **kwargs)
        about: dict[str, Any] = {
            "job": job.of_body(self.body),
            "task": str(headers.get("id")),
            "delivery_tag": str(self.delivery_tag),
        }
        if requeue is not None:
            about["requeue"] = requeue or bool(kwargs.get("requeue", any(args)))
        try:
            answer = original(self, *args, **kwargs)
        except BaseException as error:
            lines.write(kind, **about, error=lines.text(error))
            raise
        lines.write(kind, **about)
        return answer

    return watched


def _install_births(signals: ModuleType) -> None:
    signals.worker_process_init.connect(_born, weak=False)


@lines.harmless
def _born(**_: Any) -> None:
    lines.write("child_born")


def _install_deaths(pool: ModuleType) -> None:
    """Watch the place where the main process finds that children have exited."""
    original = pool.Pool._join_exited_workers

    @wraps(original)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        _died(self)
        return original(self, *args, **kwargs)

    pool.Pool._join_exited_workers = watched


@lines.harmless
def _died(pool: Any) -> None:
    for child in pool._pool:
        if child.exitcode is not None:
            lines.write("child_died", child=child.pid, exitcode=child.exitcode)


def _install_database(signals: ModuleType) -> None:
    signals.connection_created.connect(_connected, weak=False)


@lines.harmless
def _connected(*, connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        backend_pid = connection.connection.info.backend_pid
        lines.write("database_connected", backend_pid=backend_pid)


HOOKS = [
    ("kombu.message", _install_message),
    ("celery.signals", _install_births),
    ("billiard.pool", _install_deaths),
    ("django.db.backends.signals", _install_database),
]
