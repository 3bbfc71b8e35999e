"""`truncate`: connections are cut in the middle of what is being said. It shows who
takes half a frame or half a result for a whole one.

Toxiproxy's `limit_data` toxic lets so many bytes of one direction pass on each
connection, and then closes it (`faults.md` §2.1); on existing connections it counts
from its beginning.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.arguments import Names, check_choice, check_range, several
from harness.faults.network.link_fault import (
    STREAMS,
    Direction,
    LinkFault,
    add_toxic,
    observes,
)
from harness.stack.lane import Check


def truncate(
    roles: Names,
    services: Names,
    *,
    after_bytes: int,
    direction: Direction = "replies",
    when: Condition,
    for_seconds: float,
) -> LinkFault:
    """Close each connection after 0 to 400 bytes of one direction, or of either."""
    # A broker's shortest long answer has 0.6 kB: more would not be felt.
    check_range("truncate", "after_bytes", after_bytes, 0, 400)
    check_choice("truncate", "direction", direction, list(STREAMS))
    words = "requests or replies" if direction == "both" else direction
    return LinkFault(
        type="truncate",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does=f"each connection is closed after {after_bytes} bytes of {words}",
        begin=partial(
            add_toxic,
            type="limit_data",
            direction=direction,
            attributes={"bytes": after_bytes},
        ),
        # Closed with bytes of ours unread, a socket answers by a reset.
        feels=observes("closed", "reset"),
        check=Check(size=1000),
    )
