"""The broker ledger: what each queue of a lane holds, exactly, at a given moment.

It exists because only the broker knows whether a message that nobody consumed is
still there. The management API with `disable_stats` and `enable_queue_totals` is
exact for ready and unacknowledged messages within milliseconds and costs 2 ms; its
plain form lags five seconds (`containers.md`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import BAD_REQUEST, NOT_FOUND
from typing import Any
from urllib.parse import quote

import msgspec
import requests

from harness.clock import now
from harness.errors import StackLost
from harness.history import QueueSeen

# Queues that Celery makes for its own talk between workers, never for jobs.
_PIDBOX, _EVENTS = ".celery.pidbox", "celeryev."
# What the harness itself makes in a vhost, for a moment (stack/queues.py).
OURS = "harness."
# The 28 steps of Celery's native delayed delivery: worth a line when they hold one.
_DELAY_STEP = "celery_delayed_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """RabbitMQ's management API, as the harness reaches it."""

    url: str
    user: str
    password: str

    def queues(
        self, vhost: str, *, final: bool = False, before: Sequence[QueueSeen] = ()
    ) -> list[QueueSeen]:
        """Return the counts of each job queue of the vhost, now.

        And of each that is missing since the look `before`. What that knew to be for
        dead letters still is: the queue that sends them there may be gone.
        """
        rows = self._get(
            f"queues/{quote(vhost, safe='')}"
            "?disable_stats=true&enable_queue_totals=true"
        )
        consumers = self.consumers(vhost)
        known = {queue.queue for queue in before}
        dead = _dead_letter_queues(rows, self._get(f"bindings/{quote(vhost, safe='')}"))
        dead |= {queue.queue for queue in before if queue.dead_letters}
        seen_at = now()
        seen = [
            QueueSeen(
                time=seen_at,
                queue=row["name"],
                ready=row.get("messages_ready", 0),
                unacknowledged=row.get("messages_unacknowledged", 0),
                consumers=consumers.get(row["name"], 0),
                final=final,
                dead_letters=row["name"] in dead,
            )
            for row in rows
            if _may_hold_jobs(row) or row["name"] in known
        ]
        there = {row["name"] for row in rows}
        empty = {"ready": 0, "unacknowledged": 0, "consumers": 0}
        missing = [
            msgspec.structs.replace(
                queue, time=seen_at, final=final, missing=True, **empty
            )
            for queue in before
            if queue.queue not in there
        ]
        return seen + missing

    def consumers(self, vhost: str) -> dict[str, int]:
        """Return how many consumers each queue of the vhost has, now."""
        channels = self.channels(vhost)
        return {queue: len(its) for queue, its in channels.items()}

    def channels(self, vhost: str) -> dict[str, list[str]]:
        """Return by which channel each consumer of each queue takes its messages, now.

        RabbitMQ 4.0 goes on to list the consumers of a quorum queue that was deleted,
        without their channel: they are none.
        """
        found: dict[str, list[str]] = {}
        for row in self._get(f"consumers/{quote(vhost, safe='')}"):
            if row["channel_details"]:
                its = found.setdefault(row["queue"]["name"], [])
                its.append(row["channel_details"]["name"])
        return found

    def connections(self, vhost: str) -> frozenset[str]:
        """Return the name of each connection to the vhost, now."""
        rows = self._get("connections?disable_stats=true&enable_queue_totals=true")
        return frozenset(row["name"] for row in rows if row["vhost"] == vhost)

    def create_vhost(self, vhost: str) -> None:
        """Create the vhost and let the harness's user use it."""
        path = quote(vhost, safe="")
        self.call("PUT", f"vhosts/{path}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.call("PUT", f"permissions/{path}/{quote(self.user)}", everything)

    def purge(self, vhost: str, queue: str) -> None:
        """Drop what is ready in the queue; unacknowledged messages stay."""
        self.call(
            "DELETE",
            f"queues/{quote(vhost, safe='')}/{quote(queue, safe='')}/contents",
        )

    def is_ready(self) -> bool:
        """Say whether the broker answers and has its listeners up."""
        try:
            self._get("health/checks/port-listener/5672")
        except StackLost:
            return False
        return True

    def version(self) -> str:
        """Return RabbitMQ's version."""
        return str(self._get("overview")["rabbitmq_version"])

    def _get(self, path: str) -> Any:
        return self.call("GET", path).json()

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        may_be_gone: bool = False,
        may_be_refused: bool = False,
        because: str = "",
    ) -> requests.Response:
        """Ask the management API for something; raise StackLost if it refuses.

        `may_be_gone` lets it answer that there is no such thing (any more), and
        `may_be_refused` that a queue takes no message. `because` is what it tells a
        client whose connection it closes.
        """
        fine = {NOT_FOUND} if may_be_gone else set()
        fine |= {BAD_REQUEST} if may_be_refused else set()
        try:
            with requests.Session() as session:
                # A proxy in the environment must not get in between.
                session.trust_env = False
                answer = session.request(
                    method,
                    f"{self.url}/api/{path}",
                    json=body,
                    headers={"X-Reason": because} if because else None,
                    auth=(self.user, self.password),
                    timeout=5,
                )
                if answer.status_code not in fine:
                    answer.raise_for_status()
                return answer
        except requests.RequestException as error:
            raise StackLost(
                f"RabbitMQ's management API did not answer {method} {path}: {error}"
            ) from error


def _dead_letter_queues(
    rows: list[dict[str, Any]], bindings: list[dict[str, Any]]
) -> set[str]:
    """Return the queues to which another job queue's dead letters are routed."""
    found = set()
    for row in rows:
        arguments = row.get("arguments", {})
        exchange = arguments.get("x-dead-letter-exchange")
        # A step of a delay passes messages on by the same means; they are not dead.
        if exchange is None or row["name"].startswith(_DELAY_STEP):
            continue
        key = arguments.get("x-dead-letter-routing-key")
        found |= {
            binding["destination"]
            for binding in bindings
            if binding["source"] == exchange
            and binding["destination"] != row["name"]
            and key in (None, binding["routing_key"])
        }
    return found


def _may_hold_jobs(row: dict[str, Any]) -> bool:
    name = row["name"]
    if name.endswith(_PIDBOX) or name.startswith((_EVENTS, OURS)):
        return False
    return not name.startswith(_DELAY_STEP) or row.get("messages", 0) > 0
