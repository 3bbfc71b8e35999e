"""The stack: all services of a session up together, with lanes for the designs.

It exists so that a whole Celery system is one value: `up` starts it from
compose.yaml (or finds a kept one), `reset` makes a lane as good as new and proves
it, `remove` leaves nothing behind.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import redis

from harness.stack import guard, open_faults, services, session
from harness.stack.blueprint import (
    TOXIPROXY,
    Blueprint,
    draw,
    fingerprint_of,
)
from harness.stack.breakpoints import Breakpoints
from harness.stack.clocks import Clocks
from harness.stack.engine import connect
from harness.stack.lane import Lane
from harness.stack.lane_plan import LanePlan
from harness.stack.ledgers import database
from harness.stack.ledgers.attempts import AttemptLog, read_clock
from harness.stack.start import broker_at, dsn_at, start_all, toxiproxy_at
from harness.stack.toxiproxy import Toxiproxy

_READY_WITHIN_SECONDS = 120
# Run inside a lane's web, where the app's packages are.
_PRINT_VERSIONS = """
import sys
from importlib.metadata import version
print("python", sys.version.split()[0])
for name in (
    "celery", "kombu", "amqp", "billiard", "vine",
    "django", "djangorestframework", "psycopg2-binary",
):
    print(name, version(name))
"""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What is up, the lanes by name. `claim` holds the session for this process.

    `versions` is lane -> package or service -> version; `images` is service, role, or
    role@Celery -> image.
    """

    engine: docker.DockerClient
    session: session.Session
    claim: int
    guard: subprocess.Popen[bytes]
    services: dict[str, Any]
    toxiproxy: Toxiproxy
    lanes: dict[str, Lane]
    versions: dict[str, dict[str, str]]
    images: dict[str, str]


def up(
    project: Path,
    *,
    lanes: Sequence[LanePlan],
    keep: bool,
    tell: Tell,
    fittings: Collection[str] = (),
) -> Stack:
    """Start the stack of `project` with these lanes, or find a kept one.

    `fittings` is what faults need it to be started with (needs.py).
    Raises UsageError for a compose.yaml that we cannot run, StackNotReady with the
    last words of what did not come up. Whatever was started by then is removed.
    """
    engine = connect()
    blueprint = draw(engine, project, lanes, fittings)
    fingerprint = fingerprint_of(blueprint)
    if keep and (found := _find_kept(engine, blueprint, fingerprint)) is not None:
        tell("found the kept stack")
        return found
    new = session.new_session(keep=keep, fingerprint=fingerprint)
    claim = session.claim(new)
    assert claim is not None  # nobody else can know a session made just now
    watcher = guard.post(new)
    try:
        containers = start_all(blueprint, new, tell)
        stack = _assemble(engine, blueprint, new, claim, watcher, containers)
    except BaseException:
        session.remove(engine, new.id)
        shutil.rmtree(new.folder, ignore_errors=True)
        _dismiss(watcher)
        raise
    return stack


def leave(stack: Stack, tell: Tell) -> list[str]:
    """Remove the stack, or leave a kept one up; return what the engine holds on to.

    A stack with a fault that cannot be undone is not kept.
    """
    left: list[str] = []
    if not stack.session.keep or _is_broken(stack, tell):
        tell("removing the stack")
        left = session.remove(stack.engine, stack.session.id)
        shutil.rmtree(stack.session.folder, ignore_errors=True)
    os.close(stack.claim)
    _dismiss(stack.guard)
    return left


def _is_broken(stack: Stack, tell: Tell) -> bool:
    """Undo the faults that are still on record; say whether one could not be undone."""
    left = open_faults.undo_all(stack.session.folder, stack.engine)
    for fault in left:
        tell(f"{fault.name} of {fault.lane} could not be undone: not kept")
    return bool(left)


def _dismiss(watcher: subprocess.Popen[bytes]) -> None:
    """Close the guard's pipe and see it end: it finds nothing left to do."""
    assert watcher.stdin is not None
    watcher.stdin.close()
    watcher.wait(timeout=90)


def _assemble(
    engine: docker.DockerClient,
    blueprint: Blueprint,
    owner: session.Session,
    claim: int,
    watcher: subprocess.Popen[bytes],
    containers: Mapping[str, Any],
) -> Stack:
    """Make the stack's value from its containers, and wait for every lane."""
    toxiproxy = toxiproxy_at(containers[TOXIPROXY])
    redis_port = services.host_port(containers["redis"], 6379)
    clock = read_clock(containers[f"{blueprint.lanes[0].id}/web"])
    lanes = {
        plan.name: Lane(
            name=plan.name,
            id=plan.id,
            celery=plan.celery,
            links=tuple(link for link in blueprint.links if link.lane == plan.id),
            roles={role: containers[f"{plan.id}/{role}"] for role in blueprint.roles},
            toxiproxy=toxiproxy,
            toxiproxy_container=containers[TOXIPROXY],
            broker=broker_at(blueprint, containers["rabbitmq"]),
            dsn=dsn_at(blueprint, containers["postgres"], plan.id),
            redis_url=f"redis://127.0.0.1:{redis_port}/{number}",
            attempts=AttemptLog(owner.folder / plan.id / "attempts.jsonl", clock),
            breakpoints=Breakpoints(owner.folder / plan.id),
            clocks=Clocks(owner.folder / plan.id),
            services={name: containers[name] for name in blueprint.services},
        )
        for number, plan in enumerate(blueprint.lanes, start=1)
    }
    with ThreadPoolExecutor(len(lanes)) as pool:
        list(pool.map(_make_ready, lanes.values()))
    return Stack(
        engine=engine,
        session=owner,
        claim=claim,
        guard=watcher,
        services={name: containers[name] for name in blueprint.services},
        toxiproxy=toxiproxy,
        lanes=lanes,
        versions=_versions(blueprint, lanes),
        images=blueprint.images
        | {f"{role}@{each}": i for (role, each), i in blueprint.other_images.items()},
    )


def _make_ready(lane: Lane) -> None:
    lane.wait_until_serving(within_seconds=_READY_WITHIN_SECONDS)
    database.install_trigger(lane.dsn)
    lane.wait_until_consuming(within_seconds=_READY_WITHIN_SECONDS)


def _versions(
    blueprint: Blueprint, lanes: Mapping[str, Lane]
) -> dict[str, dict[str, str]]:
    """Return each lane's versions; those of one Celery share an image, asked once."""
    shared = _service_versions(next(iter(lanes.values())))
    asked = {plan.celery: lanes[plan.name] for plan in blueprint.lanes}
    with ThreadPoolExecutor(len(asked)) as pool:
        told = dict(zip(asked, pool.map(_app_versions, asked.values()), strict=True))
    return {plan.name: told[plan.celery] | shared for plan in blueprint.lanes}


def _app_versions(lane: Lane) -> dict[str, str]:
    said = services.ask(
        lane.roles["web"],
        ["python", "-c", _PRINT_VERSIONS],
        environment={"PROBE_LOG": ""},
    )
    return dict(line.split() for line in said.decode().splitlines())


def _service_versions(lane: Lane) -> dict[str, str]:
    with contextlib.closing(redis.Redis.from_url(lane.redis_url)) as client:
        redis_version = str(client.info("server")["redis_version"])
    return {
        "redis": redis_version,
        "rabbitmq": lane.broker.version(),
        "postgres": database.version(lane.dsn),
        "toxiproxy": lane.toxiproxy.version(),
    }


# --- a kept stack -------------------------------------------------------------


def _find_kept(
    engine: docker.DockerClient, blueprint: Blueprint, fingerprint: str
) -> Stack | None:
    """Find a kept stack that nobody uses and that was started from the same things."""
    label = f"{session.FINGERPRINT}={fingerprint}"
    by_session: dict[str, list[Any]] = {}
    for container in engine.containers.list(filters={"label": label}):
        by_session.setdefault(container.labels[session.SESSION], []).append(container)
    expected = len(blueprint.services) + len(blueprint.roles) * len(blueprint.lanes)
    for containers in by_session.values():
        owner = session.session_of(containers[0])
        if not owner.keep or len(containers) != expected:
            continue
        claim = session.claim(owner)
        if claim is None:
            continue
        # The guard of a harness that was killed may have been killed, too.
        if open_faults.undo_all(owner.folder, engine):
            os.close(claim)
            continue
        places = {each.labels[session.PLACE]: each for each in containers}
        return _assemble(engine, blueprint, owner, claim, guard.post(owner), places)
    return None
