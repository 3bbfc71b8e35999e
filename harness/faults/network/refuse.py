"""`refuse`: a service is down for some roles. New connections are refused, existing
ones closed. It shows who reconnects, and what is answered meanwhile.

Disabling a Toxiproxy proxy stops its listener and then closes every connection with
FIN, not RST (`faults.md` §2.1).
"""

from harness.conditions import Condition
from harness.faults.arguments import Names, several
from harness.faults.network.link_fault import LinkFault, Links, observes
from harness.stack.lane import Lane


def refuse(
    roles: Names, services: Names, *, when: Condition, for_seconds: float
) -> LinkFault:
    """Refuse new connections, and close existing ones."""
    return LinkFault(
        type="refuse",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does="connections are refused and existing ones closed",
        begin=_disable,
        feels=observes("refused"),
    )


def _disable(lane: Lane, links: Links) -> None:
    for link in links:
        lane.toxiproxy.disable(link.proxy.name)
