"""Starts the stack's containers, side by side where they can be.

It exists to keep the order of starting in one place: RabbitMQ boots longest, so the
webs, which migrate their databases, start meanwhile; workers and relays come last,
when there are tables and vhosts for them.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import psycopg2

from harness.clock import wait_until
from harness.errors import StackNotReady
from harness.stack import clocks, disks, services, session
from harness.stack.blueprint import (
    CONTROL_PORT,
    MANAGEMENT_PORT,
    PROBE,
    PROBE_FOLDER,
    PROBE_LOG_FOLDER,
    TOXIPROXY,
    Blueprint,
    environment_of,
    ports_of,
)
from harness.stack.engine import connect
from harness.stack.lane import WEB_PORT
from harness.stack.lane_plan import LanePlan
from harness.stack.ledgers import database
from harness.stack.ledgers.broker import Broker
from harness.stack.needs import CLOCKS, SMALL_DISKS
from harness.stack.toxiproxy import Toxiproxy

_READY_WITHIN_SECONDS = 120

Tell = Callable[[str], None]
# Path on the host, or name of a volume -> (path inside, mode).
Mounts = dict[str, tuple[str, str]]


def start_all(blueprint: Blueprint, new: session.Session, tell: Tell) -> dict[str, Any]:
    """Start everything, side by side where it can be; return containers by place."""
    network = services.create_network(new)
    attempts = {lane.id: _attempts_file(new, lane) for lane in blueprint.lanes}
    disks_of = _prepare_disks(blueprint, new)
    clock = _prepare_clocks(blueprint, new)
    containers: dict[str, Any] = {}
    proxies = {
        session.PROXIES: msgspec.json.encode(
            [link.proxy for link in blueprint.links]
        ).decode()
    }

    def start_service(name: str) -> None:
        service = blueprint.compose.services[name]
        containers[name] = services.start(
            service,
            image=blueprint.images[name],
            session=new,
            network=network,
            place=name,
            alias=name,
            environment=service.environment,
            ports=ports_of(blueprint, name),
            volumes=disks_of.get(name),
            labels=proxies if name == TOXIPROXY else None,
            # The kernel deals CPU out by containers. What all lanes need must not have
            # one role's part of it: when 18 probes begin, one connection took over 3 s.
            weight=len(blueprint.lanes),
        )

    def start_role(lane: LanePlan, role: str) -> None:
        place = f"{lane.id}/{role}"
        containers[place] = services.start(
            blueprint.compose.services[role],
            image=blueprint.image_of(lane, role),
            session=new,
            network=network,
            place=place,
            alias=f"{lane.id}-{role}",
            environment=environment_of(blueprint, lane, role),
            ports=(WEB_PORT,) if role == "web" else (),
            volumes={
                str(PROBE): (PROBE_FOLDER, "ro"),
                str(attempts[lane.id].parent): (PROBE_LOG_FOLDER, "rw"),
                **clock,
            },
        )

    with ThreadPoolExecutor(8) as pool:
        tell(f"starting {', '.join(blueprint.services)}")
        started = {
            name: pool.submit(start_service, name) for name in blueprint.services
        }
        for name in ("postgres", TOXIPROXY):
            started[name].result()
        _prepare_postgres(blueprint, containers)
        _prepare_proxies(blueprint, containers)
        names = ", ".join(lane.name for lane in blueprint.lanes)
        tell(f"starting a lane each for {names}")
        webs = [pool.submit(start_role, lane, "web") for lane in blueprint.lanes]
        for future in (*webs, *started.values()):
            future.result()
        _prepare_broker(blueprint, containers)
        others = [
            pool.submit(start_role, lane, role)
            for role in blueprint.roles
            if role != "web"
            for lane in blueprint.lanes
        ]
        for future in others:
            future.result()
    return containers


def _attempts_file(new: session.Session, lane: LanePlan) -> Path:
    folder = new.folder / lane.id
    folder.mkdir()
    folder.chmod(0o777)  # the app's unprivileged user writes here
    path = folder / "attempts.jsonl"
    path.touch()
    path.chmod(0o666)
    return path


def _prepare_disks(blueprint: Blueprint, new: session.Session) -> dict[str, Mounts]:
    """Make the disks that the stack is to be fitted with; return who mounts which.

    Toxiproxy mounts all: a disk lasts while anybody does.
    """
    mounts: dict[str, Mounts] = {}
    if SMALL_DISKS in blueprint.fittings:
        engine = connect()
        for name in disks.FITTED:
            disk = disks.make(engine, new, name)
            place = disks.mount_point(engine, blueprint.images[name])
            mounts[name] = {disk: (place, "rw")}
            mounts.setdefault(TOXIPROXY, {})[disk] = (f"/disks/{name}", "rw")
    return mounts


def _prepare_clocks(blueprint: Blueprint, new: session.Session) -> Mounts:
    """Have a clock for whoever may have one, if the stack is to be fitted so."""
    if CLOCKS not in blueprint.fittings:
        return {}
    for lane in blueprint.lanes:
        for role in clocks.FITTED:
            clocks.shift(new.folder / lane.id / clocks.file_name(role), 0)
    library = new.folder / "clock"
    library.mkdir()
    clocks.fit(connect(), library)
    return {str(library): (clocks.FOLDER, "ro")}


def _prepare_postgres(blueprint: Blueprint, containers: Mapping[str, Any]) -> None:
    address = dsn_at(blueprint, containers["postgres"])

    def answers() -> bool:
        try:
            return bool(database.version(address))
        except psycopg2.OperationalError:
            return False

    _wait_for("postgres", containers["postgres"], answers)
    for lane in blueprint.lanes:
        database.create_database(address, lane.id)


def _prepare_proxies(blueprint: Blueprint, containers: Mapping[str, Any]) -> None:
    toxiproxy = toxiproxy_at(containers[TOXIPROXY])
    _wait_for(TOXIPROXY, containers[TOXIPROXY], toxiproxy.is_ready)
    for link in blueprint.links:
        toxiproxy.create(link.proxy)


def _prepare_broker(blueprint: Blueprint, containers: Mapping[str, Any]) -> None:
    broker = broker_at(blueprint, containers["rabbitmq"])
    _wait_for("rabbitmq", containers["rabbitmq"], broker.is_ready)
    for lane in blueprint.lanes:
        broker.create_vhost(lane.id)


def _wait_for(name: str, container: Any, condition: Callable[[], bool]) -> None:
    if not wait_until(condition, within_seconds=_READY_WITHIN_SECONDS):
        raise StackNotReady(
            f"{name} was not ready within {_READY_WITHIN_SECONDS} s. Its last words:\n"
            f"{services.last_words(container, lines=20)}"
        )


# --- where services are reached, around the proxies ---------------------------


def dsn_at(blueprint: Blueprint, container: Any, name: str | None = None) -> str:
    """Return where Postgres is reached, for one database or the one it began with."""
    url = urlsplit(blueprint.url("postgres"))
    port = services.host_port(container, url.port or 5432)
    return (
        f"postgresql://{url.username}:{url.password}@127.0.0.1:{port}"
        f"/{name or url.path.lstrip('/')}"
    )


def broker_at(blueprint: Blueprint, container: Any) -> Broker:
    """Return where the broker's management API is reached."""
    url = urlsplit(blueprint.url("amqp"))
    return Broker(
        url=f"http://127.0.0.1:{services.host_port(container, MANAGEMENT_PORT)}",
        user=unquote(url.username or "guest"),
        password=unquote(url.password or "guest"),
    )


def toxiproxy_at(container: Any) -> Toxiproxy:
    """Return where Toxiproxy is told what to do."""
    return Toxiproxy(f"http://127.0.0.1:{services.host_port(container, CONTROL_PORT)}")
