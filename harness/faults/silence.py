"""`silence`: the network swallows bytes without a word. Connections stay open and
nothing comes back, so only who waits with a limit notices.

Toxiproxy's `timeout` toxic with 0 drops every byte of one direction until it is
removed, and closes the connections then (`faults.md` §2.1). Dropped upstream, a
request is lost; dropped downstream, it is executed and only its reply is lost.
"""

from dataclasses import dataclass
from typing import Literal

from harness.conditions import Condition
from harness.errors import UsageError
from harness.faults import on_links
from harness.faults.fault import Aim
from harness.history import Reading
from harness.stack.lane import Lane
from harness.stack.link import Link

Lost = Literal["requests", "replies", "both"]

_STREAMS: dict[str, tuple[Literal["upstream", "downstream"], ...]] = {
    "requests": ("upstream",),
    "replies": ("downstream",),
    "both": ("upstream", "downstream"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What `roles` and `service` say to each other is lost for `for_seconds`."""

    roles: tuple[str, ...]
    service: str
    lost: Lost
    when: Condition
    for_seconds: float
    type: str = "silence"

    @property
    def target(self) -> str:
        return on_links.target(self.roles, self.service)

    @property
    def sentence(self) -> str:
        lost = "requests and replies" if self.lost == "both" else self.lost
        return (
            f"{self.target}: {lost} are lost without a word, connections stay open, "
            f"for {self.for_seconds:g} s, when {self.when.sentence}"
        )

    def aim(self, lane: Lane) -> Aim:
        return on_links.aim(lane, self._links(lane))

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        for link in self._links(lane):
            for stream in _STREAMS[self.lost]:
                lane.toxiproxy.add_toxic(link.proxy, "timeout", stream, {"timeout": 0})
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_links.feel(lane, self._links(lane), until="silent")

    def hold(self, lane: Lane, aim: Aim) -> None:
        """Nothing to do: it lasts by itself."""

    def heal(self, lane: Lane, aim: Aim) -> str:
        return on_links.heal(lane, self._links(lane))

    def verify(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_links.feel(lane, self._links(lane), until="served")

    def _links(self, lane: Lane) -> tuple[Link, ...]:
        return on_links.links(lane, self.roles, self.service)


def silence(
    roles: on_links.Roles,
    service: str,
    *,
    lost: Lost,
    when: Condition,
    for_seconds: float,
) -> Silence:
    """Lose `lost` between `roles` ("*" is every role) and `service`."""
    if lost not in _STREAMS:
        raise UsageError(
            f"silence: lost={lost!r} is none of {', '.join(sorted(_STREAMS))}"
        )
    return Silence(
        roles=on_links.roles(roles),
        service=service,
        lost=lost,
        when=when,
        for_seconds=on_links.check_seconds("silence", for_seconds),
    )
