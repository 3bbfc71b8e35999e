"""What all faults on links share: which links, how they are felt, how they heal.

It exists so that each kind's own file says only what is its own: how it begins, what a
client feels then, and the sentence that tells it. A probe runs in each role's container
and tries round trips of the service's own protocol, before the fault and while it is
on, so that what is confirmed is what a client there would feel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from harness.conditions import Condition
from harness.errors import FaultNotInjected, StackLost
from harness.faults.arguments import check_seconds
from harness.faults.fault import Aim, NotYet, Probed, gather
from harness.history import Reading
from harness.stack import undoing
from harness.stack.lane import Check, Felt, Lane
from harness.stack.link import Link
from harness.stack.toxiproxy import Stream
from harness.stack.undoing import HealProxies, NothingToUndo, Undo

Links = Sequence[Link]
# What a client feels on a link (before, now), in a word or two; None if nothing.
Feels = Callable[[Felt, Felt], str | None]

A_FEW_BYTES = Check()
# To log in and have a service do something takes longer than a greeting.
SOME_WORK = Check(work=True)

# Which way bytes go that a fault hits, in a client's words and in Toxiproxy's.
Direction = Literal["requests", "replies", "both"]
STREAMS: dict[Direction, tuple[Stream, ...]] = {
    "requests": ("upstream",),
    "replies": ("downstream",),
    "both": ("upstream", "downstream"),
}


def heal_proxies(lane: Lane, links: Links) -> HealProxies:
    """Undo any fault by Toxiproxy; it closes the links' connections."""
    return HealProxies(
        container=lane.toxiproxy_container.id,
        toxiproxy_url=lane.toxiproxy.url,
        proxies=tuple(link.proxy for link in links),
    )


def release_proxies(lane: Lane, links: Links) -> Undo:
    """Undo a fault that only held bytes back; connections stand."""
    return msgspec.structs.replace(heal_proxies(lane, links), keep_connections=True)


def nothing_to_undo(lane: Lane, links: Links) -> Undo:
    """Undo nothing: what was done is over as soon as it is done."""
    return NothingToUndo()


def let_be(lane: Lane, links: Links) -> None:
    """Do nothing: the fault lasts by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFault:
    """The links of `roles` to `services` ("*" is every one) are broken in some way.

    `does` completes the sentence "worker → rabbitmq: ...". One that does not last is
    over as soon as it is confirmed, and leaves only what it has done. `hits` names what
    is hit where that is not the links, but what all of them lead to; where it is
    connections that stand (`of_connections`), a link without any is not asked.
    """

    type: str
    roles: tuple[str, ...]
    services: tuple[str, ...]
    when: Condition
    for_seconds: float
    does: str
    begin: Callable[[Lane, Links], None]
    feels: Feels
    undo: Callable[[Lane, Links], Undo] = heal_proxies
    keep_up: Callable[[Lane, Links], None] = let_be
    check: Check = A_FEW_BYTES
    needs: tuple[str, ...] = ()
    shared: bool = False
    lasts: bool = True
    of_connections: bool = False
    hits: str = ""

    def __post_init__(self) -> None:
        check_seconds(self.type, self.for_seconds)

    @property
    def target(self) -> str:
        if self.hits:
            return self.hits
        who = "every role" if "*" in self.roles else " and ".join(self.roles)
        what = "every service" if "*" in self.services else " and ".join(self.services)
        return f"{who} → {what}"

    @property
    def sentence(self) -> str:
        duration = f", for {self.for_seconds:g} s" if self.lasts else ""
        return f"{self.target}: {self.does}{duration}, when {self.when.sentence}"

    def aim(self, lane: Lane) -> Aim:
        links = self._links(lane)
        # What work feels like beforehand tells nothing, and costs ten times the CPU.
        check = A_FEW_BYTES if self.check.work else self.check
        if self.shared and not self.of_connections:
            before = feel_one_in_use(lane, links, check)
        else:
            before = lane.feel(links, check)
        if self.of_connections and not any(each.connections for each in before):
            raise FaultNotInjected(f"no connection of {lane.name} stands there")
        return Aim(
            used=frozenset(each.on for each in before if each.used),
            undo=self.undo(lane, links),
            before=before,
        )

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        self.begin(lane, self._links(lane))
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        return self._read(lane, aim, self.feels)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        if self.lasts:
            self.keep_up(lane, self._links(lane))
        return not self.lasts

    def heal(self, lane: Lane, aim: Aim) -> str:
        return undoing.undo(aim.undo, lane.engine)

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        return self._read(lane, aim, self._is_gone)

    def _is_gone(self, before: Felt, now: Felt) -> str | None:
        is_felt = self.lasts and self.feels(before, now)
        return "served" if now.observed == "served" and not is_felt else None

    def _links(self, lane: Lane) -> tuple[Link, ...]:
        links = lane.links_of(self.roles, self.services)
        if not links:
            raise FaultNotInjected(
                f"lane {lane.name} has no link {self.target}: check roles and "
                "services against compose.yaml"
            )
        return links

    def _read(self, lane: Lane, aim: Aim, feels: Feels) -> Probed:
        links: Links = self._links(lane)
        if self.of_connections:
            stood = {each.on for each in aim.before if each.connections}
            links = [link for link in links if link.name in stood]
        return read_links(lane, aim, links, self.check, feels)


# --- what many kinds feel, and how they begin -----------------------------------


def read_links(
    lane: Lane, aim: Aim, links: Links, check: Check, feels: Feels
) -> Probed:
    """Return a reading of each link, or what those see that feel nothing of it.

    A link that was not there before is not asked. While a container that would feel it
    is not running, nobody can tell.
    """
    before = {each.on: each for each in aim.before}
    try:
        felt = lane.feel([link for link in links if link.name in before], check)
    except StackLost as error:
        return NotYet(str(error))
    return gather(_read_link(before[each.on], each, feels) for each in felt)


def _read_link(before: Felt, now: Felt, feels: Feels) -> Reading | NotYet:
    observed = feels(before, now)
    if observed is None:
        return NotYet(now.sentence)
    return Reading(on=now.on, used=now.used, observed=observed, seconds=now.seconds)


def feel_one_in_use(lane: Lane, links: Links, check: Check) -> tuple[Felt, ...]:
    """Try the links of one role after the other, up to one that the lane has in use.

    What a service does to one of a lane's clients it does to all, and to start a probe
    in the container of each takes the machine from them.
    """
    felt: list[Felt] = []
    for theirs in by_role(links).values():
        tried = lane.feel(theirs, check)
        if any(each.used for each in tried):
            return tried
        felt += tried
    return tuple(felt)


def observes(*words: str) -> Feels:
    """Feel that a fresh round trip ends in one of these ways."""
    return lambda before, now: now.observed if now.observed in words else None


def is_told(*words: str) -> Feels:
    """Feel that a service refuses work, in words of its own that hold one of these."""

    def feels(before: Felt, now: Felt) -> str | None:
        told = now.observed == "refused" and any(word in now.detail for word in words)
        return f"refused: {now.detail}" if told else None

    return feels


def connections_gone(before: Felt, now: Felt) -> str | None:
    """Feel that there were connections, and that none of them stands."""
    if not before.connections or before.connections & now.connections:
        return None
    return f"{len(before.connections)} connections gone"


def by_role(links: Links) -> dict[str, list[Link]]:
    """Return the links of each role."""
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.role, []).append(link)
    return found


def add_toxic(
    lane: Lane,
    links: Links,
    type: str,
    direction: Direction,
    attributes: dict[str, int],
) -> None:
    """Put a toxic on each of the links."""
    for link in links:
        for stream in STREAMS[direction]:
            lane.toxiproxy.add_toxic(link.proxy.name, type, stream, attributes)
