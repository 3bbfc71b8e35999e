"""What all faults on links share: which links, how they are felt, how they heal.

It exists so that a fault's own file says only what is its own. A probe runs in each
role's container and tries a round trip of the service's own protocol, so that what
is confirmed is what a client there would feel.
"""

from collections.abc import Sequence

from harness.errors import FaultNotInjected, UsageError
from harness.faults.fault import Aim
from harness.history import Reading
from harness.stack.lane import Lane
from harness.stack.link import Link
from harness.stack.open_faults import HealProxies

# How long a probe waits for an answer before it calls a link silent.
_SILENT_AFTER_SECONDS = 1.0

Roles = str | Sequence[str]


def roles(names: Roles) -> tuple[str, ...]:
    """Return the roles as a tuple; "*" is every role."""
    return (names,) if isinstance(names, str) else tuple(names)


def target(names: tuple[str, ...], service: str) -> str:
    """Name the links for a reader."""
    who = "every role" if "*" in names else " and ".join(names)
    return f"{who} → {service}"


def check_seconds(name: str, seconds: float) -> float:
    """Return a duration that a fault may have, or raise UsageError."""
    if not 0 < seconds <= 600:
        raise UsageError(f"{name}: for_seconds={seconds} must be in (0, 600]")
    return seconds


def links(lane: Lane, names: tuple[str, ...], service: str) -> tuple[Link, ...]:
    """Return the lane's links that are hit. Raises FaultNotInjected if none is."""
    found = lane.links_of(names, service)
    if not found:
        raise FaultNotInjected(
            f"lane {lane.design} has no link {target(names, service)}: check the role "
            "and the service against compose.yaml"
        )
    return found


def aim(lane: Lane, hit: Sequence[Link]) -> Aim:
    """Name the links on which some process of the lane has, or had, a connection."""
    readings = lane.feel(hit, timeout_seconds=_SILENT_AFTER_SECONDS)
    return Aim(
        used=frozenset(reading.on for reading in readings if reading.used),
        undo=HealProxies(
            toxiproxy_url=lane.toxiproxy.url, proxies=tuple(link.proxy for link in hit)
        ),
    )


def feel(lane: Lane, hit: Sequence[Link], *, until: str) -> tuple[Reading, ...] | None:
    """Return the readings once all links feel `until` ("refused", "served", ...)."""
    readings = lane.feel(hit, timeout_seconds=_SILENT_AFTER_SECONDS)
    if all(reading.observed == until for reading in readings):
        return readings
    return None


def heal(lane: Lane, hit: Sequence[Link]) -> str:
    """Heal the links; return the hardest step that one of them needed."""
    return max((lane.toxiproxy.heal(link.proxy) for link in hit), key=_HARDNESS.index)


_HARDNESS = ("soft", "recreated")
