"""`flap`: the link goes down and up, again and again. It shows whose reconnecting does
not bear to be disturbed: workers have stopped consuming after it (`failures.md`
CON-06).
"""

from harness.clock import now
from harness.conditions import Condition
from harness.faults.arguments import Names, check_range, several
from harness.faults.network.link_fault import LinkFault, Links, observes
from harness.stack.lane import Lane


def flap(
    roles: Names,
    services: Names,
    *,
    every_seconds: float,
    when: Condition,
    for_seconds: float,
) -> LinkFault:
    """Refuse and close for some seconds, serve for as long, and so on; down first."""
    check_range("flap", "every_seconds", every_seconds, 0.2, 10)
    # Told to Toxiproxy only when it changes: what was last told to each link.
    is_up: dict[str, bool] = {}

    def turn(lane: Lane, links: Links, *, up: bool) -> None:
        for link in links:
            if is_up.get(link.proxy.name) != up:
                is_up[link.proxy.name] = up
                change = lane.toxiproxy.enable if up else lane.toxiproxy.disable
                change(link.proxy.name)

    def begin(lane: Lane, links: Links) -> None:
        is_up.update((link.proxy.name, True) for link in links)
        turn(lane, links, up=False)

    def keep_up(lane: Lane, links: Links) -> None:
        turn(lane, links, up=int(now() / every_seconds) % 2 == 0)

    return LinkFault(
        type="flap",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does=f"goes down and up, every {every_seconds:g} s",
        begin=begin,
        feels=observes("refused"),
        keep_up=keep_up,
    )
