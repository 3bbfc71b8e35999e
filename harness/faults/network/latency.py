"""`latency`: the network is slow. Nothing is lost, everything takes longer, and each
link by a delay of its own. It shows time-outs, pools that run dry, and races.

The delay of each link is drawn here, from the seed, and stays as it is: Toxiproxy's own
jitter cannot be repeated (`faults.md` §2.1). What it still holds arrives at the heal,
and connections stand: were they closed, work would fail that slowness harms in no way.
"""

import random

from harness.conditions import Condition
from harness.faults.arguments import Names, check_choice, check_range, several
from harness.faults.network.link_fault import (
    STREAMS,
    Direction,
    Feels,
    LinkFault,
    Links,
    add_toxic,
    release_proxies,
)
from harness.stack.lane import Check, Felt, Lane


def latency(
    roles: Names,
    services: Names,
    *,
    milliseconds: int,
    jitter_milliseconds: int = 0,
    direction: Direction = "replies",
    seed: int = 0,
    when: Condition,
    for_seconds: float,
) -> LinkFault:
    """Delay bytes of one direction or both, by milliseconds ± jitter on each link."""
    least = milliseconds - jitter_milliseconds
    most = milliseconds + jitter_milliseconds
    check_range("latency", "jitter_milliseconds", jitter_milliseconds, 0, 1000)
    check_range("latency", "milliseconds - jitter_milliseconds", least, 50, 2000)
    check_range("latency", "milliseconds + jitter_milliseconds", most, 50, 2000)
    check_choice("latency", "direction", direction, list(STREAMS))

    def begin(lane: Lane, links: Links) -> None:
        for link in links:
            # By the link's name without the lane's: every design gets the same.
            delay = random.Random(f"{seed} {link.name}").randint(least, most)
            add_toxic(lane, [link], "latency", direction, {"latency": delay})

    jitter = f" ± {jitter_milliseconds}" if jitter_milliseconds else ""
    words = "requests and replies each" if direction == "both" else direction
    return LinkFault(
        type="latency",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does=f"{words} take {milliseconds}{jitter} ms longer",
        begin=begin,
        feels=_takes_longer(least * len(STREAMS[direction]) / 1000),
        undo=release_proxies,
        # The fastest of three: a busy machine is slow by itself, but not always.
        check=Check(timeout_seconds=1 + most / 500, tries=3),
    )


def _takes_longer(by_seconds: float) -> Feels:
    def feels(before: Felt, now: Felt) -> str | None:
        # A moment that was slow by itself before must not hide what is slow now.
        least = by_seconds * 0.8 + min(before.seconds, by_seconds * 0.2)
        if now.observed != "served" or now.seconds < least:
            return None
        return f"served in {now.seconds:.2f} s, before in {before.seconds:.2f} s"

    return feels
