"""The blueprint: what shall be up, worked out from compose.yaml and the designs.

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
from harness.stack import clocks
from harness.stack.build import find_app
from harness.stack.compose import ComposeFile, Service, read_compose
from harness.stack.link import Link, plan_links, reroute
from harness.stack.needs import CLOCKS

TOXIPROXY = "toxiproxy"
CONTROL_PORT, MANAGEMENT_PORT = 8474, 15672
# The probe as the harness has it, and where it is mounted.
PROBE = Path(__file__).parents[1] / "probe"
PROBE_FOLDER, PROBE_LOG_FOLDER = "/probe", "/probe-log"
# Redis numbers its databases 0 to 15, and lanes have one each.
_LANES_AT_MOST = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What shall be up: services by name, roles by name, links of every lane.

    `fittings` is what faults need the stack to be started with (needs.py), sorted.
    """

    compose: ComposeFile
    services: tuple[str, ...]
    roles: tuple[str, ...]
    designs: tuple[str, ...]
    images: dict[str, str]
    links: tuple[Link, ...]
    fittings: tuple[str, ...] = ()

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
    designs: Sequence[str],
    fittings: Collection[str] = (),
) -> Blueprint:
    """Work out what shall be up for these designs.

    Raises UsageError for a compose.yaml that we cannot run, and StackNotReady for an
    image that is not here.
    """
    if len(designs) > _LANES_AT_MOST:
        raise UsageError(
            f"{len(designs)} designs were selected; a stack holds {_LANES_AT_MOST} "
            "lanes. Select fewer with --designs."
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
    return Blueprint(
        compose=compose,
        services=shared,
        roles=roles,
        designs=tuple(designs),
        images={
            name: _image_of(engine, project, compose.services[name])
            for name in (*shared, *roles)
        },
        links=plan_links(environments, shared, designs),
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
        found = find_app(engine, project, service.build)
        if found is None:
            raise StackNotReady(
                f"there is no image of {service.build.context}/ as it is now; "
                "`harness setup` builds it"
            )
        return found
    try:
        return str(engine.images.get(service.image).id)
    except docker.errors.ImageNotFound as error:
        raise StackNotReady(
            f"image {service.image} is not on this machine; `harness setup` gets or "
            "builds it"
        ) from error


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


def environment_of(blueprint: Blueprint, design: str, role: str) -> dict[str, str]:
    """Return a role's environment in a lane: own URLs through the links, and probe."""
    links = [
        link for link in blueprint.links if (link.lane, link.role) == (design, role)
    ]
    redis_number = str(blueprint.designs.index(design) + 1)
    rewritten = {
        name: reroute(
            value,
            links,
            path=redis_number if urlsplit(value).scheme == "redis" else design,
            host=TOXIPROXY,
        )
        for name, value in blueprint.compose.services[role].environment.items()
    }
    own_clock = {}
    if CLOCKS in blueprint.fittings:
        own_clock = clocks.environment(f"{PROBE_LOG_FOLDER}/{clocks.file_name(role)}")
    return (
        rewritten
        | {
            "DESIGN": design,
            "PYTHONPATH": PROBE_FOLDER,
            "PROBE_LOG": f"{PROBE_LOG_FOLDER}/attempts.jsonl",
            "PROBE_CONTAINER": role,
        }
        | own_clock
    )
