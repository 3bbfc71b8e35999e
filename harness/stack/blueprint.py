"""The blueprint: what shall be up, worked out from compose.yaml and the lanes wanted.

It exists so that starting is only starting: which services, which roles, which links
and which environment each process of each lane gets is decided here, from the one
description that people run with `docker compose up`.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import docker
import docker.errors

from harness.errors import StackNotReady, UsageError
from harness.stack import clocks, versions
from harness.stack.build import needed_app
from harness.stack.compose import ComposeFile, Service, read_compose
from harness.stack.lane_plan import LanePlan
from harness.stack.link import Link, plan_links, reroute
from harness.stack.needs import CLOCKS
from harness.stack.versions import Celery

TOXIPROXY = "toxiproxy"
CONTROL_PORT, MANAGEMENT_PORT = 8474, 15672
# The probe as the harness has it, and where it is mounted.
PROBE = Path(__file__).parents[1] / "probe"
PROBE_FOLDER, PROBE_LOG_FOLDER = "/probe", "/probe-log"
# A lane has up to 15 sessions with Postgres, which serves 300 (compose.yaml); of Redis'
# 32 databases it has one.
_LANES_AT_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What shall be up: services by name, roles by name, links of every lane.

    `images` is service or role -> image; `other_images` is the same for roles of lanes
    that have a Celery of their own. `fittings` is what faults need the stack to be
    started with (needs.py), sorted.
    """

    compose: ComposeFile
    services: tuple[str, ...]
    roles: tuple[str, ...]
    lanes: tuple[LanePlan, ...]
    images: dict[str, str]
    other_images: dict[tuple[str, Celery], str]
    links: tuple[Link, ...]
    fittings: tuple[str, ...] = ()

    def image_of(self, lane: LanePlan, role: str) -> str:
        """Return the image of a role of this lane."""
        if lane.celery is None:
            return self.images[role]
        return self.other_images[role, lane.celery]

    def url(self, scheme: str) -> str:
        """Return the URL with this scheme in a role's environment."""
        for role in self.roles:
            for value in self.compose.services[role].environment.values():
                if urlsplit(value).scheme.startswith(scheme):
                    return value
        raise UsageError(
            f"compose.yaml gives no role a {scheme}:// URL; the harness needs it to "
            "find that service."
        )


def draw(
    engine: docker.DockerClient,
    project: Path,
    lanes: Sequence[LanePlan],
    fittings: Collection[str] = (),
) -> Blueprint:
    """Work out what shall be up for these lanes.

    Raises UsageError for a compose.yaml that we cannot run, and StackNotReady for an
    image that is not here.
    """
    if len(lanes) > _LANES_AT_MOST:
        raise UsageError(
            f"{len(lanes)} lanes were selected; a stack holds {_LANES_AT_MOST}. Select "
            "fewer with --designs or --celery."
        )
    compose = read_compose(project / "compose.yaml")
    roles = tuple(
        name
        for name, service in compose.services.items()
        if service.build is not None and not service.profiles
    )
    shared = tuple(
        name
        for name, service in compose.services.items()
        if service.build is None and (not service.profiles or name == TOXIPROXY)
    )
    for needed in ("web", "worker", "relay"):
        if needed not in roles:
            raise UsageError(f"compose.yaml has no service {needed} built from app/.")
    if TOXIPROXY not in shared:
        raise UsageError("compose.yaml has no service toxiproxy.")
    environments = {role: compose.services[role].environment for role in roles}
    images = {
        name: _image_of(engine, project, compose.services[name])
        for name in (*shared, *roles)
    }
    return Blueprint(
        compose=compose,
        services=shared,
        roles=roles,
        lanes=tuple(lanes),
        images=images,
        other_images={
            (role, lane.celery): _image_with(engine, images[role], lane.celery)
            for lane in lanes
            if lane.celery is not None
            for role in roles
        },
        links=plan_links(environments, shared, [lane.id for lane in lanes]),
        fittings=tuple(sorted(fittings)),
    )


def fingerprint_of(blueprint: Blueprint) -> str:
    """Digest all that a kept stack must have been started from to be this one."""
    sources = sorted(PROBE.rglob("*.py"))
    parts = [
        repr(blueprint),
        *(path.read_text() for path in sources),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _image_of(engine: docker.DockerClient, project: Path, service: Service) -> str:
    """Return the id of a service's image; the app's is the one made from app/ as it is.

    Raises StackNotReady where it is not on this machine.
    """
    if service.build is not None:
        return needed_app(engine, project, service.build)
    try:
        return str(engine.images.get(service.image).id)
    except docker.errors.ImageNotFound as error:
        raise StackNotReady(
            f"image {service.image} is not on this machine; `harness setup` gets or "
            "builds it"
        ) from error


def _image_with(engine: docker.DockerClient, app: str, celery: Celery) -> str:
    found = versions.find(engine, app, celery)
    if found is None:
        raise StackNotReady(
            f"there is no image with Celery {celery} of the app as it is now; "
            "`pytest scenarios --celery` builds it"
        )
    return found


def ports_of(blueprint: Blueprint, service: str) -> tuple[int, ...]:
    """Return the ports to publish on loopback: what links and the harness need."""
    ports = {
        int(link.upstream.rpartition(":")[2])
        for link in blueprint.links
        if link.service == service
    }
    if service == TOXIPROXY:
        ports.add(CONTROL_PORT)
    if service == "rabbitmq":
        ports.add(MANAGEMENT_PORT)
    return tuple(sorted(ports))


def environment_of(blueprint: Blueprint, lane: LanePlan, role: str) -> dict[str, str]:
    """Return a role's environment in a lane: own URLs through the links, and probe."""
    links = [
        link for link in blueprint.links if (link.lane, link.role) == (lane.id, role)
    ]
    redis_number = str(blueprint.lanes.index(lane) + 1)
    rewritten = {
        name: reroute(
            value,
            links,
            path=redis_number if urlsplit(value).scheme == "redis" else lane.id,
            host=TOXIPROXY,
        )
        for name, value in blueprint.compose.services[role].environment.items()
    }
    own_clock = {}
    if CLOCKS in blueprint.fittings and role in clocks.FITTED:
        own_clock = clocks.environment(f"{PROBE_LOG_FOLDER}/{clocks.file_name(role)}")
    return (
        rewritten
        | {
            "DESIGN": lane.design,
            "PYTHONPATH": PROBE_FOLDER,
            "PROBE_LOG": f"{PROBE_LOG_FOLDER}/attempts.jsonl",
            "PROBE_CONTAINER": role,
        }
        | own_clock
    )
