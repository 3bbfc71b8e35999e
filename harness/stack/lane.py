"""A lane: one design's own web, worker and relay, on services that all lanes share.

It exists so that every design, with every version of Celery that it is to run with,
meets the same fault at the same moment, and none can disturb another: each lane has its
own database, vhost and Redis database, and a proxy of its own on every path.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors
import requests

from harness.clock import wait_until
from harness.errors import StackLost, StackNotReady
from harness.history import Delivered, PublishBegun
from harness.stack import processes, services
from harness.stack.blueprint import PROBE_FOLDER
from harness.stack.breakpoints import Breakpoints
from harness.stack.clocks import Clocks
from harness.stack.ledgers.attempts import AttemptLog
from harness.stack.ledgers.broker import Broker
from harness.stack.link import Link
from harness.stack.services import host_port, last_words
from harness.stack.toxiproxy import Toxiproxy
from harness.stack.versions import Celery

WEB_PORT = 8000
# Touched every 2 s (app/config/celery.py, the relay's command).
_ALIVE = {"worker": "/tmp/worker-alive", "relay": "/tmp/relay-alive"}  # noqa: S108 - the container's own
_ALIVE_WITHIN_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How a link is tried: how often, how patiently, with how many bytes (0: a few).

    `work` asks for some work instead of a greeting (probe/workcheck.py): it takes the
    app's own libraries, and so ten times the CPU.
    """

    timeout_seconds: float = 1.0
    tries: int = 1
    size: int = 0
    work: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What a client felt on one link (probe/linkcheck.py says more).

    `used` says whether any process of that container has, or lately had, a connection
    on the link; `connections` names those that stood, each by its local port.
    `observed` is served, refused, closed, reset, silent, unreachable or garbled, and
    `seconds` how long the fastest round trip took; `detail` is the service's own word.
    `retransmitted` counts segments of the whole container.
    """

    on: str
    used: bool
    observed: str
    seconds: float
    connections: frozenset[int] = frozenset()
    sent: int = 0
    received: int = 0
    retransmitted: int = 0
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Say it for a reader: "web → redis: served in 0.02 s"."""
        told = f" ({self.detail})" if self.detail else ""
        return f"{self.on}: {self.observed}{told} in {self.seconds:.2f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One design's lane. `dsn` and `broker` go around the proxies.

    `name` is for people; `id` is its vhost, its database, and how its containers and
    proxies are called (lane_plan.py). `celery` is the version that it was asked to run
    with. `roles` are the containers of its own, `services` those that all lanes share.
    """

    name: str
    id: str
    celery: Celery | None
    links: tuple[Link, ...]
    roles: dict[str, Any]
    toxiproxy: Toxiproxy
    toxiproxy_container: Any
    broker: Broker
    dsn: str
    redis_url: str
    attempts: AttemptLog
    breakpoints: Breakpoints
    clocks: Clocks
    services: dict[str, Any]

    @property
    def engine(self) -> docker.DockerClient:
        """Return the engine that runs the lane's containers."""
        engine: docker.DockerClient = self.roles["web"].client
        return engine

    def web_url(self) -> str:
        """Return where clients reach the web service, around the proxies."""
        return f"http://127.0.0.1:{host_port(self.roles['web'], WEB_PORT)}"

    def links_of(
        self, roles: Sequence[str], services: Sequence[str]
    ) -> tuple[Link, ...]:
        """Return the lane's links from these roles to these services; "*" is every."""
        return tuple(
            link
            for link in self.links
            if ("*" in services or link.service in services)
            and ("*" in roles or link.role in roles)
        )

    def feel(self, links: Sequence[Link], check: Check) -> tuple[Felt, ...]:
        """Try a round trip on each link from where its client sits."""
        by_role: dict[str, list[Link]] = {}
        for link in links:
            by_role.setdefault(link.role, []).append(link)
        with ThreadPoolExecutor(max(len(by_role), 1)) as pool:
            felt = pool.map(
                lambda role: _feel_from(self.roles[role], by_role[role], check), by_role
            )
            return tuple(each for those in felt for each in those)

    def state_of(self, target: str) -> dict[str, Any]:
        """Return what the engine says of a role's or service's container, now.

        Raises StackLost when there is no such container any more.
        """
        container = (self.roles | self.services)[target]
        try:
            container.reload()
        except docker.errors.NotFound as error:
            raise StackLost(f"the container of {target} is gone altogether") from error
        state: dict[str, Any] = container.attrs["State"]
        return state

    def is_alive(self, role: str) -> bool:
        """Say whether a role's process does what it is there for.

        Web answers, a worker consumes, and both worker and relay touch the file that
        tells compose.yaml's health checks so.
        """
        if role == "web":
            return self.is_serving()
        if role == "worker" and not self.consumes():
            return False
        return services.touched_seconds_ago(self.roles[role], _ALIVE[role]) < min(
            _ALIVE_WITHIN_SECONDS, services.up_seconds(self.roles[role])
        )

    def has_used(self, role: str) -> bool:
        """Say whether the lane's jobs have gone through a process of this role.

        Every job comes in by web, which writes no line where it publishes nothing.
        """
        return role == "web" or any(
            getattr(event, "container", None) == role
            and getattr(event, "job", None) is not None
            for event in self.attempts.read()
        )

    def consumes(self) -> bool:
        """Say whether every worker of the lane consumes."""
        return any(self.broker.consumers(self.id).values())

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
                f"{role} of lane {self.name} was not ready within "
                f"{within_seconds:.0f} s. Its last words:\n"
                f"{last_words(self.roles[role], lines=20)}"
            )

    def is_running(self, role: str, process: int, *, since: float) -> bool:
        """Say whether the process that a role had under this id still runs."""
        theirs = since - self.attempts.offset_seconds
        return processes.is_running(self.roles[role], process, since=theirs)

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
            for queue in self.broker.queues(self.id)
        )


def _feel_from(container: Any, links: Sequence[Link], check: Check) -> list[Felt]:
    """Run the probe's check in one container; raise StackLost if it cannot."""
    # What a library warns of would stand in the middle of the answer.
    command = ["python", "-I", "-W", "ignore", f"{PROBE_FOLDER}/workcheck.py"]
    if not check.work:  # it needs nobody's packages, and starts three times as fast
        command = ["python", "-I", "-S", f"{PROBE_FOLDER}/linkcheck.py"]
    command += ["--timeout", str(check.timeout_seconds)]
    command += ["--tries", str(check.tries), "--size", str(check.size)]
    command += [
        f"{link.proxy.name}={link.scheme}://toxiproxy:{link.port}" for link in links
    ]
    said = json.loads(services.ask(container, command))
    return [
        _felt(link, said["links"][link.proxy.name], said["retransmitted"])
        for link in links
    ]


def _felt(link: Link, found: dict[str, Any], retransmitted: int) -> Felt:
    return Felt(
        on=link.name,
        used=bool(found["sockets"]),
        observed=found["observed"],
        seconds=found["seconds"],
        connections=frozenset(found["ports"]),
        sent=found["sent"],
        received=found["received"],
        retransmitted=retransmitted,
        detail=found["detail"],
    )
