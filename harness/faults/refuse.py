"""`refuse`: a service is down for some roles. New connections are refused, existing
ones closed. It shows who reconnects, and what is answered meanwhile.

Disabling a Toxiproxy proxy stops its listener and then closes every connection with
FIN, not RST (`faults.md` §2.1).
"""

from dataclasses import dataclass

from harness.conditions import Condition
from harness.faults import on_links
from harness.faults.fault import Aim
from harness.history import Reading
from harness.stack.lane import Lane
from harness.stack.link import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Connections of `roles` to `service` are refused for `for_seconds`."""

    roles: tuple[str, ...]
    service: str
    when: Condition
    for_seconds: float
    type: str = "refuse"

    @property
    def target(self) -> str:
        return on_links.target(self.roles, self.service)

    @property
    def sentence(self) -> str:
        return (
            f"{self.target}: connections are refused and existing ones closed, for "
            f"{self.for_seconds:g} s, when {self.when.sentence}"
        )

    def aim(self, lane: Lane) -> Aim:
        return on_links.aim(lane, self._links(lane))

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        for link in self._links(lane):
            lane.toxiproxy.disable(link.proxy)
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_links.feel(lane, self._links(lane), until="refused")

    def hold(self, lane: Lane, aim: Aim) -> None:
        """Nothing to do: it lasts by itself."""

    def heal(self, lane: Lane, aim: Aim) -> str:
        return on_links.heal(lane, self._links(lane))

    def verify(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        return on_links.feel(lane, self._links(lane), until="served")

    def _links(self, lane: Lane) -> tuple[Link, ...]:
        return on_links.links(lane, self.roles, self.service)


def refuse(
    roles: on_links.Roles, service: str, *, when: Condition, for_seconds: float
) -> Refuse:
    """Refuse connections of `roles` ("*" is every role) to `service`."""
    return Refuse(
        roles=on_links.roles(roles),
        service=service,
        when=when,
        for_seconds=on_links.check_seconds("refuse", for_seconds),
    )
