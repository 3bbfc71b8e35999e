"""A lane: one design's own web, worker and relay, on services that all lanes share.

It exists so that every design meets the same fault at the same moment, and none can
disturb another: each lane has its own database, vhost and Redis database, and a
proxy of its own on every path.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from harness.clock import wait_until
from harness.errors import StackLost, StackNotReady
from harness.history import Delivered, PublishBegun, Reading
from harness.stack import processes
from harness.stack.blueprint import PROBE_FOLDER
from harness.stack.ledgers.attempts import AttemptLog
from harness.stack.ledgers.broker import Broker
from harness.stack.link import Link
from harness.stack.services import host_port, last_words
from harness.stack.toxiproxy import Toxiproxy

WEB_PORT = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One design's lane. `dsn` and `broker` go around the proxies."""

    design: str
    links: tuple[Link, ...]
    roles: dict[str, Any]
    toxiproxy: Toxiproxy
    broker: Broker
    dsn: str
    redis_url: str
    attempts: AttemptLog

    def web_url(self) -> str:
        """Return where clients reach the web service, around the proxies."""
        return f"http://127.0.0.1:{host_port(self.roles['web'], WEB_PORT)}"

    def links_of(self, roles: Sequence[str], service: str) -> tuple[Link, ...]:
        """Return the lane's links from these roles ("*" is every role) to a service."""
        return tuple(
            link
            for link in self.links
            if link.service == service and ("*" in roles or link.role in roles)
        )

    def feel(
        self, links: Sequence[Link], *, timeout_seconds: float
    ) -> tuple[Reading, ...]:
        """Try a round trip on each link from where its client sits.

        A reading's `used` says whether any process of that container has, or lately
        had, a connection on the link. `observed` is served, refused, closed, reset
        or silent.
        """
        by_role: dict[str, list[Link]] = {}
        for link in links:
            by_role.setdefault(link.role, []).append(link)
        with ThreadPoolExecutor(max(len(by_role), 1)) as pool:
            felt = pool.map(
                lambda role: _feel_from(
                    self.roles[role], by_role[role], timeout_seconds
                ),
                by_role,
            )
            return tuple(reading for readings in felt for reading in readings)

    def has_used(self, role: str) -> bool:
        """Say whether the lane's jobs have gone through a process of this role."""
        return any(
            getattr(event, "container", None) == role for event in self.attempts.read()
        )

    def consumes(self) -> bool:
        """Say whether every worker of the lane consumes."""
        return any(self.broker.consumers(self.design).values())

    def is_serving(self) -> bool:
        """Say whether the web service answers its health check."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(f"{self.web_url()}/health/", timeout=2)
                return answer.status_code == 200
        except requests.RequestException:
            return False

    def wait_until_serving(self, *, within_seconds: float) -> None:
        """Wait for the web service. Raises StackNotReady with its last words."""
        self._wait("web", self.is_serving, within_seconds)

    def wait_until_consuming(self, *, within_seconds: float) -> None:
        """Wait for the workers. Raises StackNotReady with their last words."""
        self._wait("worker", self.consumes, within_seconds)

    def _wait(self, role: str, condition: Any, within_seconds: float) -> None:
        if not wait_until(condition, within_seconds=within_seconds, every_seconds=0.1):
            raise StackNotReady(
                f"{role} of lane {self.design} was not ready within "
                f"{within_seconds:.0f} s. Its last words:\n"
                f"{last_words(self.roles[role], lines=20)}"
            )

    def is_running(self, role: str, process: int, *, since: float) -> bool:
        """Say whether the process that a role had under this id still runs."""
        return processes.is_running(self.roles[role], process, since=since)

    def busy_with(self) -> list[PublishBegun | Delivered]:
        """Return what the lane's processes that still run have begun and not ended."""
        return [
            begun
            for begun in self.attempts.under_way()
            if self.is_running(begun.container, begun.process, since=begun.time)
        ]

    def is_idle(self) -> bool:
        """Say whether the broker holds nothing for this lane."""
        return all(
            queue.ready == 0 and queue.unacknowledged == 0
            for queue in self.broker.queues(self.design)
        )


def _feel_from(
    container: Any, links: Sequence[Link], timeout_seconds: float
) -> list[Reading]:
    """Run the probe's link check in one container; raise StackLost if it cannot."""
    targets = [f"{link.proxy}={link.scheme}://toxiproxy:{link.port}" for link in links]
    check = ["python", "-I", "-S", f"{PROBE_FOLDER}/linkcheck.py"]
    answer = container.exec_run([*check, "--timeout", str(timeout_seconds), *targets])
    if answer.exit_code != 0:
        raise StackLost(
            f"links could not be checked from {container.name}: "
            f"{answer.output.decode(errors='replace')}"
        )
    found = json.loads(answer.output)["links"]
    return [
        Reading(
            on=link.name,
            used=bool(found[link.proxy]["sockets"]),
            observed=found[link.proxy]["observed"],
            seconds=found[link.proxy]["seconds"],
        )
        for link in links
    ]
