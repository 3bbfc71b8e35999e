"""`partition` and `packet_loss`: packets of some roles to a service are dropped, all of
them or one in so many. Nobody is told: only TCP's own timers notice, such as keepalive
and TCP_USER_TIMEOUT, which behind Toxiproxy never see a thing.

The rules are in the role's own network and drop what goes to its link and comes from
it. So the client feels a partition to its end. The service does not: its peer is the
proxy, whose kernel goes on acknowledging, so that it notices by heartbeats, or not at
all.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.arguments import Names, check_range, several
from harness.faults.network.link_fault import LinkFault, Links, by_role, observes
from harness.stack import needs, sidecar
from harness.stack.lane import Check, Felt, Lane
from harness.stack.link import Link
from harness.stack.undoing import RemoveRules, Undo

NEEDS = (needs.DROP_PACKETS,)


def partition(
    roles: Names, services: Names, *, when: Condition, for_seconds: float
) -> LinkFault:
    """Drop every packet both ways, acknowledgements too."""
    return LinkFault(
        type="partition",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does="every packet is dropped, and no end is told",
        begin=_drop,
        feels=observes("silent"),
        undo=_remove,
        needs=NEEDS,
    )


def packet_loss(
    roles: Names, services: Names, *, one_in: int, when: Condition, for_seconds: float
) -> LinkFault:
    """Drop one packet in 2 to 10 each way: counted, not drawn, so that it repeats."""
    check_range("packet_loss", "one_in", one_in, 2, 10)
    return LinkFault(
        type="packet_loss",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does=f"one packet in {one_in} is lost each way",
        begin=partial(
            _drop, how=("-m statistic --mode nth --every", str(one_in), "--packet 0")
        ),
        feels=_sends_again,
        undo=_remove,
        check=Check(timeout_seconds=2, tries=4),
        needs=NEEDS,
    )


def _drop(lane: Lane, links: Links, how: tuple[str, ...] = ()) -> None:
    for link in links:
        sidecar.drop(lane.roles[link.role], _chain(link), port=link.port, how=how)


def _remove(lane: Lane, links: Links) -> Undo:
    return RemoveRules(
        chains={
            str(lane.roles[role].id): tuple(map(_chain, its))
            for role, its in by_role(links).items()
        }
    )


def _chain(link: Link) -> str:
    """Name the chain of ours that breaks a link; iptables allows 28 characters."""
    return f"proving-ground-{link.port}"


def _sends_again(before: Felt, now: Felt) -> str | None:
    if not now.retransmitted:
        return None
    return f"{now.observed}, {now.retransmitted} packets were sent again"
