"""`accept_then_close`: the load balancer is up and what is behind it is down. Each
connection is accepted and closed at once. It shows who takes a connection for health.

Toxiproxy accepts before it dials; where the dial fails it closes (`faults.md` §2.1). So
the proxy is led to a port where nobody listens.
"""

from harness.conditions import Condition
from harness.faults.arguments import Names, several
from harness.faults.network.link_fault import LinkFault, Links, observes
from harness.stack.lane import Lane

# In Toxiproxy's own container, so that the dial is refused at once.
_NOBODY = "127.0.0.1:1"


def accept_then_close(
    roles: Names, services: Names, *, when: Condition, for_seconds: float
) -> LinkFault:
    """Accept new connections and close them at once; close existing ones."""
    return LinkFault(
        type="accept_then_close",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does="connections are accepted and closed at once, as existing ones are",
        begin=_redirect,
        # Whoever speaks first, as every client here does, may be told by a reset.
        feels=observes("closed", "reset"),
    )


def _redirect(lane: Lane, links: Links) -> None:
    for link in links:
        lane.toxiproxy.redirect(link.proxy.name, _NOBODY)
