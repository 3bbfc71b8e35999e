"""`silence`: the network swallows bytes without a word. Connections stay open and
nothing comes back, so only who waits with a limit notices.

Toxiproxy's `timeout` toxic with 0 drops every byte of one direction until it is
removed, and closes the connections then (`faults.md` §2.1). Dropped upstream, a
request is lost; dropped downstream, it is executed and only its reply is lost.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.arguments import Names, check_choice, several
from harness.faults.network.link_fault import (
    STREAMS,
    Direction,
    LinkFault,
    add_toxic,
    observes,
)


def silence(
    roles: Names,
    services: Names,
    *,
    lost: Direction,
    when: Condition,
    for_seconds: float,
) -> LinkFault:
    """Lose requests, replies or both without a word; connections stay open."""
    check_choice("silence", "lost", lost, list(STREAMS))
    words = "requests and replies" if lost == "both" else lost
    return LinkFault(
        type="silence",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does=f"{words} are lost without a word, connections stay open",
        begin=partial(
            add_toxic, type="timeout", direction=lost, attributes={"timeout": 0}
        ),
        feels=observes("silent"),
    )
