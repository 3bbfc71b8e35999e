"""`kill_connections`: every connection of some roles to a service dies, once; new ones
are served. It shows what becomes of work that hung on one: a late acknowledgement can
no longer be given, and its message comes back (`failures.md` CON-01).

By `ss -K` in the role's own network (`faults.md` P5): its sockets are closed under it,
and the other end is told by a RST.
"""

from harness.conditions import Condition
from harness.faults.arguments import Names, several
from harness.faults.network.link_fault import (
    LinkFault,
    Links,
    by_role,
    connections_gone,
    nothing_to_undo,
)
from harness.stack import needs, sidecar
from harness.stack.lane import Lane

NEEDS = (needs.CUT_CONNECTIONS,)


def kill_connections(roles: Names, services: Names, *, when: Condition) -> LinkFault:
    """Close every connection that stands, once."""
    return LinkFault(
        type="kill_connections",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=1,
        does="every connection that stands is closed under its process",
        begin=_kill,
        feels=connections_gone,
        undo=nothing_to_undo,
        lasts=False,
        needs=NEEDS,
    )


def _kill(lane: Lane, links: Links) -> None:
    for role, its in by_role(links).items():
        sidecar.cut(lane.roles[role], to=[link.port for link in its])
