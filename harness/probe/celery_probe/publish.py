"""Watches each try to hand a task's message to the broker.

Celery has no signal for a publish that fails. `kombu.messaging.Producer._publish` is
what kombu repeats when it retries (`task_publish_retry`), so one pair of lines stands
for one try, and a message published twice shows two pairs with the same task id. The
connection to the broker, where there is none yet, is made inside it. Waiting for a
pooled producer comes before it, and shows as no line at all.
"""

import inspect
from functools import wraps
from types import ModuleType
from typing import Any

from . import breakpoints, job, lines


def install(messaging: ModuleType) -> None:
    """Put the watch around `Producer._publish`."""
    original = messaging.Producer._publish
    place = list(inspect.signature(original).parameters).index("headers")

    @wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        headers = kwargs["headers"] if "headers" in kwargs else args[place]
        if not isinstance(headers, dict) or "task" not in headers:
            return original(*args, **kwargs)  # an event or a control message
        body = kwargs["body"] if "body" in kwargs else args[1]
        about: dict[str, Any] = {
            "job": job.of_body(body),
            "task": str(headers.get("id")),
        }
        breakpoints.arrive("publish.before", about["job"])
        lines.write("publish_begun", **about)
        try:
            answer = original(*args, **kwargs)
        except BaseException as error:
            why = lines.text(error)
            lines.write("publish_ended", **about, confirmed=False, error=why)
            raise
        lines.write("publish_ended", **about, confirmed=bool(_confirmed(args[0])))
        breakpoints.arrive("publish.after", about["job"])
        return answer

    messaging.Producer._publish = watched


@lines.harmless
def _confirmed(producer: Any) -> bool:
    """Say whether the publish that just returned has waited for the broker's word."""
    batches = getattr(producer, "_batch_local", None)  # since kombu 5.7
    if getattr(batches, "current", None) is not None:
        return False  # buffered: it has not even been sent
    publish = producer.channel.basic_publish
    return getattr(publish, "__name__", "") == "basic_publish_confirm"
