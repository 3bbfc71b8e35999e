"""`throttle`: the network is narrow. Short words pass as ever, long ones crawl. It
shows what large payloads and results do to time-outs and heartbeats.

Toxiproxy's `bandwidth` toxic lets so many bytes pass in a second, each way and for each
connection (`faults.md` §2.1). It is felt by a request with a thousand bytes.
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.arguments import Names, check_choice, check_range, several
from harness.faults.network.link_fault import (
    STREAMS,
    Direction,
    Feels,
    LinkFault,
    add_toxic,
    release_proxies,
)
from harness.stack.lane import Check, Felt


def throttle(
    roles: Names,
    services: Names,
    *,
    kilobytes_per_second: int,
    direction: Direction = "both",
    when: Condition,
    for_seconds: float,
) -> LinkFault:
    """Let no more than 1 to 5 kB a second pass, each way, on each connection."""
    # A wider link would not be felt by a broker's answer, which has 0.6 kB.
    check_range("throttle", "kilobytes_per_second", kilobytes_per_second, 1, 5)
    check_choice("throttle", "direction", direction, list(STREAMS))
    words = "requests and replies" if direction == "both" else direction
    return LinkFault(
        type="throttle",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does=f"{words} crawl at {kilobytes_per_second} kB/s",
        begin=partial(
            add_toxic,
            type="bandwidth",
            direction=direction,
            attributes={"rate": kilobytes_per_second},
        ),
        feels=_crawls(kilobytes_per_second * 1000, direction),
        undo=release_proxies,
        check=Check(timeout_seconds=4, size=1000),
    )


def _crawls(bytes_per_second: int, direction: Direction) -> Feels:
    def feels(before: Felt, now: Felt) -> str | None:
        sizes = {"upstream": now.sent, "downstream": now.received}
        # The longer of both: a broker begins to answer before the request is whole.
        crawled = max(sizes[stream] for stream in STREAMS[direction])
        least = 0.8 * crawled / bytes_per_second
        if now.observed != "served" or now.seconds < least:
            return None
        return f"{crawled} bytes in {now.seconds:.2f} s, before {before.seconds:.2f} s"

    return feels
