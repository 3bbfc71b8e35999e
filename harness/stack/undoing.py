"""How each fault is undone: as data, so that anybody can, also without the harness.

It exists because whoever heals (the harness, the guard of one that was killed,
`harness recover`) must do the same. Each kind has a soft way, which may be taken at any
moment and any number of times: what is already gone counts as undone. And it has a hard
way, to start anew what was hit; where that fails, too, only removing the stack is left.
"""

import contextlib
from pathlib import Path
from typing import Literal

import docker
import msgspec
import psycopg2

from harness.clock import wait_until
from harness.errors import FaultNotHealed, HarnessError
from harness.stack import clocks, disks, revive, services, session, sidecar
from harness.stack.engine import FAILURES
from harness.stack.ledgers import database
from harness.stack.ledgers.broker import Broker
from harness.stack.services import Plug
from harness.stack.toxiproxy import Proxy, Toxiproxy, ToxiproxyError

_TOXIPROXY_READY_WITHIN_SECONDS = 10
# From its start until it listens: it may have to recover.
_POSTGRES_LISTENS_WITHIN_SECONDS = 20

# The escalation ladder. Its last rung, removing the stack, is for whoever owns it.
Step = Literal["soft", "recreated", "restarted"]


class HealProxies(msgspec.Struct, frozen=True, kw_only=True, tag="heal_proxies"):
    """Undo a fault on links: make these proxies of this Toxiproxy what they should be.

    `keep_connections` where the fault only held bytes back (Toxiproxy.release).
    """

    container: str
    toxiproxy_url: str
    proxies: tuple[Proxy, ...]
    keep_connections: bool = False

    def softly(self, engine: docker.DockerClient) -> Step:
        toxiproxy = Toxiproxy(self.toxiproxy_url)
        heal = toxiproxy.release if self.keep_connections else toxiproxy.heal
        steps = {heal(proxy) for proxy in self.proxies}
        return "recreated" if "recreated" in steps else "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        """A Toxiproxy that was started anew knows no proxy: make those of all lanes.

        It serves all of them: where these proxies are well, what is still felt comes of
        something else, and the others must not pay for it.
        """
        toxiproxy = Toxiproxy(self.toxiproxy_url)
        with contextlib.suppress(ToxiproxyError):
            if all(toxiproxy.is_well(proxy) for proxy in self.proxies):
                raise FaultNotHealed("its proxies are as they were; it is not they")
        revive.restart(engine, self.container)
        wait_until(toxiproxy.is_ready, within_seconds=_TOXIPROXY_READY_WITHIN_SECONDS)
        labels = engine.containers.get(self.container).labels
        for proxy in msgspec.json.decode(labels[session.PROXIES], type=list[Proxy]):
            toxiproxy.create(proxy)


class RemoveRules(msgspec.Struct, frozen=True, kw_only=True, tag="remove_rules"):
    """Undo a fault on packets: remove its rules from these containers.

    `chains` is container -> chains of ours in its network namespace.
    """

    chains: dict[str, tuple[str, ...]]

    def softly(self, engine: docker.DockerClient) -> Step:
        for container, its in self.chains.items():
            sidecar.remove_rules(engine, container, its)
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        for container in self.chains:
            revive.restart(engine, container)


class PlugIn(msgspec.Struct, frozen=True, kw_only=True, tag="plug_in"):
    """Undo an unplugging: back to these networks, under the old name and address."""

    plugs: tuple[Plug, ...]

    def softly(self, engine: docker.DockerClient) -> Step:
        for plug in self.plugs:
            services.plug_in(engine, plug)
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        raise FaultNotHealed(f"nothing is left to try: {self}")


class StartContainer(msgspec.Struct, frozen=True, kw_only=True, tag="start_container"):
    """Undo the end of a container: start it, unless it lives by a new process.

    `dead` is the engine's id of the process that was to end (`revive.start`).
    """

    container: str
    dead: int
    restart_policy: str

    def softly(self, engine: docker.DockerClient) -> Step:
        revive.start(
            engine, self.container, dead=self.dead, restart_policy=self.restart_policy
        )
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        revive.restart(engine, self.container)


class Unpause(msgspec.Struct, frozen=True, kw_only=True, tag="unpause"):
    """Undo a pause of a whole container."""

    container: str

    def softly(self, engine: docker.DockerClient) -> Step:
        revive.unpause(engine, self.container)
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        revive.restart(engine, self.container)


class Resume(msgspec.Struct, frozen=True, kw_only=True, tag="resume"):
    """Undo a suspension of one process, by its id inside its container."""

    container: str
    process: int

    def softly(self, engine: docker.DockerClient) -> Step:
        revive.resume(engine, self.container, self.process)
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        revive.restart(engine, self.container)


class RunInside(msgspec.Struct, frozen=True, kw_only=True, tag="run_inside"):
    """Undo what a service was told by telling it something else, inside its container.

    Each command may be run any number of times, and must succeed.
    """

    container: str
    commands: tuple[tuple[str, ...], ...]

    def softly(self, engine: docker.DockerClient) -> Step:
        for command in self.commands:
            revive.tell(engine, self.container, command)
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        revive.restart(engine, self.container)


class CallBroker(msgspec.Struct, frozen=True, kw_only=True, tag="call_broker"):
    """Undo what the broker was told by its management API: (method, path, body).

    What is to be deleted and is not there is fine.
    """

    url: str
    user: str
    password: str
    calls: tuple[tuple[str, str, dict[str, str | int] | None], ...]

    def softly(self, engine: docker.DockerClient) -> Step:
        broker = Broker(url=self.url, user=self.user, password=self.password)
        for method, path, body in self.calls:
            broker.call(method, path, body, may_be_gone=method == "DELETE")
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        raise FaultNotHealed(f"the broker does not take back {self.calls}")


class TellPostgres(msgspec.Struct, frozen=True, kw_only=True, tag="tell_postgres"):
    """Undo what Postgres was told by telling it something else, once it listens.

    It may be recovering from a crash. Each statement may be run any number of times.
    """

    container: str
    dsn: str
    statements: tuple[str, ...]

    def softly(self, engine: docker.DockerClient) -> Step:
        if revive.is_there(engine, self.container):
            self._tell()
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        """Its settings outlive a restart: tell it all the same."""
        revive.restart(engine, self.container)
        self._tell()

    def _tell(self) -> None:
        last: list[psycopg2.Error] = []

        def is_told() -> bool:
            try:
                with database.connect(self.dsn) as cursor:
                    for statement in self.statements:
                        cursor.execute(statement)
            except psycopg2.Error as error:
                last[:] = [error]
                return False
            return True

        if not wait_until(is_told, within_seconds=_POSTGRES_LISTENS_WITHIN_SECONDS):
            raise FaultNotHealed(f"Postgres does not take back {last[0]}")


class UpdateContainer(msgspec.Struct, frozen=True, kw_only=True, tag="update"):
    """Undo a limit to what a container may use: `limits` are those of before.

    Where it may have ended by its limit, it is started, too, and has the restart
    policy of before.
    """

    container: str
    limits: dict[str, int]
    restart_policy: str | None = None

    def softly(self, engine: docker.DockerClient) -> Step:
        revive.update(engine, self.container, self.limits)
        if self.restart_policy is not None:
            revive.start(
                engine, self.container, restart_policy=self.restart_policy, dead=None
            )
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        revive.update(engine, self.container, self.limits)
        revive.restart(engine, self.container)


class GrowDisk(msgspec.Struct, frozen=True, kw_only=True, tag="grow_disk"):
    """Undo a full disk: give it its size back, and start who has ended by it."""

    container: str
    disk: str

    def softly(self, engine: docker.DockerClient) -> Step:
        disks.grow(engine, self.disk)
        revive.start(engine, self.container)
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        disks.grow(engine, self.disk)
        revive.restart(engine, self.container)


class SetClock(msgspec.Struct, frozen=True, kw_only=True, tag="set_clock"):
    """Undo a shifted clock: `file` is the one that its role's processes look at."""

    file: str

    def softly(self, engine: docker.DockerClient) -> Step:
        clocks.shift(Path(self.file), 0)
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        raise FaultNotHealed(f"nothing is left to try: {self}")


class NothingToUndo(msgspec.Struct, frozen=True, kw_only=True, tag="nothing"):
    """The fault ends by itself, or by what supervises its victim."""

    def softly(self, engine: docker.DockerClient) -> Step:
        return "soft"

    def hard(self, engine: docker.DockerClient) -> None:
        raise FaultNotHealed("it is not ours to undo")


Undo = (
    HealProxies
    | RemoveRules
    | PlugIn
    | StartContainer
    | Unpause
    | Resume
    | RunInside
    | CallBroker
    | TellPostgres
    | UpdateContainer
    | GrowDisk
    | SetClock
    | NothingToUndo
)


def puts_back(what: Undo) -> frozenset[str]:
    """Name what the undo sets to what it was before.

    Of two faults on one such thing at a time, the first undo would end the second
    fault, and the second would bring the first one back.
    """
    match what:
        case NothingToUndo():
            return frozenset()
        case HealProxies(container=container, proxies=proxies):
            return frozenset(f"{proxy.name} of {container}" for proxy in proxies)
        case RemoveRules(chains=chains):
            return frozenset(
                f"{chain} of {container}"
                for container, its in chains.items()
                for chain in its
            )
        case StartContainer() | Unpause() | Resume():
            return frozenset({f"life of {what.container}"})
        case UpdateContainer(container=container, limits=limits):
            its = {f"{kind} of {container}" for kind in limits}
            if what.restart_policy is not None:
                its.add(f"life of {container}")
            return frozenset(its)
        case GrowDisk(disk=disk):
            return frozenset({disk})
        case _:
            return frozenset({repr(what)})


def undo(what: Undo, engine: docker.DockerClient) -> Step:
    """Undo a fault; return the hardest step that it took. Raises FaultNotHealed."""
    try:
        return what.softly(engine)
    except (HarnessError, OSError, *FAILURES):
        return undo_hard(what, engine)


def undo_hard(what: Undo, engine: docker.DockerClient) -> Step:
    """Undo a fault by starting anew what it hit. Raises FaultNotHealed."""
    try:
        what.hard(engine)
    except FaultNotHealed:
        raise
    except (HarnessError, OSError, *FAILURES) as error:
        raise FaultNotHealed(f"what was hit is not as it was: {error}") from error
    return "restarted"
