"""Watches what a worker tells the broker about a message: it is done, or take it back.

Celery has no signal for it. The calls are kombu's (`kombu.message.Message`), and are
made in the worker's main process, whether its design acknowledges early or late.
"""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from . import breakpoints, job, lines


def install(message: ModuleType) -> None:
    """Put the watch around `ack`, `reject` and `requeue`."""
    watched = message.Message
    watched.ack = _acknowledged(watched.ack)
    watched.reject = _rejected(watched.reject, requeue=False)
    watched.requeue = _rejected(watched.requeue, requeue=True)


def _acknowledged(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        about = _about(self)
        if about is None:
            return original(self, *args, **kwargs)
        breakpoints.arrive(
            "ack.before", about["job"], at_most_seconds=_patience_seconds(self)
        )
        with lines.told("acknowledged", **about):
            return original(self, *args, **kwargs)

    return watched


def _rejected(original: Callable[..., Any], *, requeue: bool) -> Callable[..., Any]:
    @wraps(original)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        about = _about(self)
        if about is None:
            return original(self, *args, **kwargs)
        back = requeue or bool(kwargs.get("requeue", any(args)))
        with lines.told("rejected", **about, requeue=back):
            return original(self, *args, **kwargs)

    return watched


@lines.harmless
def _about(message: Any) -> dict[str, Any] | None:
    """Return which message it is, None for one that is no task's."""
    headers = message.headers or {}
    if "task" not in headers:
        return None
    return {
        "job": job.of_body(message.body),
        "task": str(headers.get("id")),
        "delivery_tag": str(message.delivery_tag),
    }


def _patience_seconds(message: Any) -> float:
    """Return how long this process may wait: half the heartbeat that it owes."""
    connection = getattr(message.channel, "connection", None)
    heartbeat = getattr(connection, "heartbeat", 0)
    return heartbeat / 2 if heartbeat else breakpoints.LONGEST_WAIT_SECONDS
