"""A link: one role's path to one service, through one proxy of its own.

It exists because a toxic hits every client of a proxy: only with a proxy for each
role and service of each lane can a fault say whom it cuts off. Links are not listed
anywhere; they follow from the URLs in compose.yaml's environments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from harness.stack.toxiproxy import Proxy

# Where the proxies listen inside the stack's network; any free range would do.
FIRST_PORT = 20001


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One role -> service path of one lane. `upstream` is host:port of the service."""

    lane: str
    role: str
    service: str
    scheme: str
    upstream: str
    port: int

    @property
    def proxy(self) -> Proxy:
        """Return the link's proxy as it is meant to be."""
        return Proxy(
            name=f"{self.lane}.{self.role}.{self.service}",
            port=self.port,
            upstream=self.upstream,
        )

    @property
    def name(self) -> str:
        """Name the link for a reader."""
        return f"{self.role} → {self.service}"


def plan_links(
    environments: Mapping[str, Mapping[str, str]],
    services: Sequence[str],
    lanes: Sequence[str],
) -> tuple[Link, ...]:
    """Return a link for each URL in a role's environment that names a service.

    `environments` is role -> environment. Two URLs of one role to one service on
    one port share a link.
    """
    found: dict[tuple[str, str, str, str], Link] = {}
    for lane in lanes:
        for role, environment in environments.items():
            for value in environment.values():
                url = urlsplit(value)
                service = url.hostname
                if service is None or service not in services or url.port is None:
                    continue
                upstream = f"{service}:{url.port}"
                found.setdefault(
                    (lane, role, service, upstream),
                    Link(
                        lane=lane,
                        role=role,
                        service=service,
                        scheme=url.scheme,
                        upstream=upstream,
                        port=FIRST_PORT + len(found),
                    ),
                )
    return tuple(found.values())


def reroute(value: str, links: Sequence[Link], *, path: str | None, host: str) -> str:
    """Return a URL that goes through its link, or the value as it was.

    `path` replaces the URL's path (the lane's own database or vhost); `host` is the
    name of Toxiproxy in the stack's network.
    """
    url = urlsplit(value)
    for link in links:
        if f"{url.hostname}:{url.port}" == link.upstream:
            user, at, _ = url.netloc.rpartition("@")
            netloc = f"{user}{at}{host}:{link.port}"
            new_path = url.path if path is None else f"/{path}"
            return urlunsplit((url.scheme, netloc, new_path, url.query, url.fragment))
    return value
