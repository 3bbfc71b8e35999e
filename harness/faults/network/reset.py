"""`reset`: connections are reset, as by a firewall that has forgotten them, or by a
machine that was started anew. It shows who takes a reset for something else than a
closed connection: the error is another one.

Toxiproxy's `reset_peer` resets new connections as soon as a client speaks, but closes
older ones with FIN (`faults.md` N8). So those are cut first, inside Toxiproxy's own
network, which sends a RST to the client.
"""

from harness.conditions import Condition
from harness.faults.arguments import Names, several
from harness.faults.network.link_fault import LinkFault, Links, add_toxic
from harness.stack import needs, sidecar
from harness.stack.lane import Felt, Lane

NEEDS = (needs.CUT_CONNECTIONS,)


def reset(
    roles: Names, services: Names, *, when: Condition, for_seconds: float
) -> LinkFault:
    """Reset existing connections at once, and new ones as soon as a client speaks."""
    return LinkFault(
        type="reset",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does="connections are reset, existing ones at once, new ones when used",
        begin=_reset,
        feels=_feels,
        needs=NEEDS,
    )


def _reset(lane: Lane, links: Links) -> None:
    sidecar.cut(lane.toxiproxy_container, of=[link.port for link in links])
    add_toxic(lane, links, "reset_peer", "requests", {"timeout": 0})


def _feels(before: Felt, now: Felt) -> str | None:
    stand = before.connections & now.connections
    return "reset" if now.observed == "reset" and not stand else None
