"""`unplug`: a role's container is taken out of the network, and put back with its old
name and address. It reaches nothing and nobody reaches it; connections hang and, where
their owners are patient, go on afterwards (`faults.md` P6).
"""

from harness.conditions import Condition
from harness.errors import UsageError
from harness.faults.arguments import Names, several
from harness.faults.network.link_fault import LinkFault, Links, by_role, observes
from harness.stack import services
from harness.stack.lane import Lane
from harness.stack.undoing import PlugIn, Undo


def unplug(roles: Names, *, when: Condition, for_seconds: float) -> LinkFault:
    """Take worker or relay out of the network."""
    if not set(several(roles)) <= {"worker", "relay"}:
        raise UsageError(
            f"unplug: roles={roles!r}: only worker and relay can be unplugged; web "
            "would be cut off from its clients, too, and come back on another port"
        )
    return LinkFault(
        type="unplug",
        roles=several(roles),
        services=("*",),
        when=when,
        for_seconds=for_seconds,
        does="the container is out of the network",
        begin=_unplug,
        feels=observes("unreachable", "silent"),
        undo=_plug_in,
    )


def _unplug(lane: Lane, links: Links) -> None:
    for role in by_role(links):
        container = lane.roles[role]
        services.unplug(container, services.plug_of(container))


def _plug_in(lane: Lane, links: Links) -> Undo:
    plugs = (services.plug_of(lane.roles[role]) for role in by_role(links))
    return PlugIn(plugs=tuple(plugs))
