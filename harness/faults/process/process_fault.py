"""What all faults on a whole process share: whom they hit, how that is felt and undone.

It exists so that each kind's own file says only what is its own. A role is felt by what
it is there for: web answers, a worker consumes, a relay goes its rounds. A service is
felt by a round trip on each link of the lane to it; since all lanes share it, it is hit
once for all of them.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.clock import now
from harness.conditions import At, Condition
from harness.errors import FaultNotInjected, StackLost, UsageError
from harness.faults.arguments import check_seconds
from harness.faults.fault import Aim, NotYet, Probed
from harness.faults.network.link_fault import Feels, feel_one_in_use, read_links
from harness.history import Reading
from harness.stack import undoing
from harness.stack.lane import Check, Felt, Lane
from harness.stack.link import Link
from harness.stack.revive import restart_policy_of
from harness.stack.undoing import StartContainer, Undo

ROLES = ("web", "worker", "relay")
# How each link to a service is tried.
_CHECK = Check()


def start_again(container: Any) -> Undo:
    """Undo any fault by which the container ends."""
    return StartContainer(
        container=container.id,
        dead=container.attrs["State"]["Pid"],
        restart_policy=restart_policy_of(container),
    )


def let_be(container: Any) -> None:
    """Do nothing: the fault lasts by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFault:
    """The container of a role or service, `target`, ends or stands still.

    `does` completes the sentence "worker: ...". `begin` is how it starts, `keep_up`
    what is done again and again meanwhile. One that does not last is healed as soon
    as it is confirmed. Where the container goes on and is not silent either, `inside`
    says what a process in it feels, None if nothing.
    """

    type: str
    target: str
    when: Condition
    for_seconds: float
    does: str
    begin: Callable[[Any], None]
    undo: Callable[[Any], Undo] = start_again
    keep_up: Callable[[Any], None] = let_be
    inside: Callable[[Any], str | None] | None = None
    ends: bool = True
    lasts: bool = True
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_seconds(self.type, self.for_seconds)
        if self.target == "toxiproxy":
            raise UsageError(
                f"{self.type}('toxiproxy'): it is no part of the system under test"
            )
        if isinstance(self.when, At) and not (
            self.shared or self.target in self.when.roles
        ):
            raise UsageError(
                f"{self.type}({self.target!r}, when=at({self.when.point!r})): only "
                f"{' or '.join(self.when.roles)} waits there"
            )

    @property
    def shared(self) -> bool:
        return self.target not in ROLES

    @property
    def sentence(self) -> str:
        duration = f" for {self.for_seconds:g} s" if self.lasts else ""
        return f"{self.target}: {self.does}{duration}, when {self.when.sentence}"

    def aim(self, lane: Lane) -> Aim:
        container = self._container(lane)
        before: tuple[Felt, ...] = ()
        if self.shared:
            before = feel_one_in_use(lane, self._links(lane), _CHECK)
        used = {each.on for each in before if each.used}
        if lane.has_used(self.target) or used:
            used.add(self.target)
        return Aim(
            used=frozenset(used),
            victim=lane.state_of(self.target)["Pid"],
            undo=self.undo(container),
            ends=self.target if self.ends and not self.shared else None,
            before=before,
        )

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        self.begin(self._container(lane))
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        state = lane.state_of(self.target)
        if self.ends and state["Pid"] == aim.victim:
            return NotYet(f"{self.target}: process {aim.victim} still runs")
        if self.inside is not None:
            felt = self._read_inside(lane)
            return (felt,) if felt else NotYet(f"{self.target}: feels nothing of it")
        if self.shared:
            return self._read_links(lane, aim, _has_broken if self.ends else _is_silent)
        if self.ends:
            lane.attempts.bury(self.target)
            code = state["ExitCode"]
            why = ", for want of memory" if state["OOMKilled"] else ""
            gone = f"process {aim.victim} is gone, exit code {code}{why}"
            return (self._reading(gone),)
        return self._silent(lane)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        if self.lasts:
            self.keep_up(self._container(lane))
        return not self.lasts

    def heal(self, lane: Lane, aim: Aim) -> str:
        return undoing.undo(aim.undo, self._container(lane).client)

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        state = lane.state_of(self.target)
        if not state["Running"]:
            return NotYet(f"{self.target}: does not run")
        if self.ends and state["Pid"] == aim.victim:
            return NotYet(f"{self.target}: process {aim.victim} still runs")
        if self.inside is not None and (felt := self._read_inside(lane)):
            return NotYet(f"{self.target}: {felt.observed}")
        if self.shared:
            return self._read_links(lane, aim, _is_served)
        begun = now()
        if not _is_alive(lane, self.target):
            return NotYet(f"{self.target}: runs, and does not do its work")
        what = f"process {state['Pid']} does its work" if self.ends else "goes on"
        return (self._reading(what, now() - begun),)

    def _container(self, lane: Lane) -> Any:
        container = (lane.roles | lane.services).get(self.target)
        if container is None:
            raise FaultNotInjected(
                f"{self.type}: there is no role or service {self.target}; check it "
                "against compose.yaml"
            )
        return container

    def _links(self, lane: Lane) -> tuple[Link, ...]:
        return lane.links_of(("*",), (self.target,))

    def _read_links(self, lane: Lane, aim: Aim, feels: Feels) -> Probed:
        return read_links(lane, aim, self._links(lane), _CHECK, feels)

    def _read_inside(self, lane: Lane) -> Reading | None:
        assert self.inside is not None
        begun = now()
        felt = self.inside(self._container(lane))
        return None if felt is None else self._reading(felt, now() - begun)

    def _silent(self, lane: Lane) -> Probed:
        """Return the reading once the role does nothing, though it is there."""
        begun = now()
        if _is_alive(lane, self.target):
            return NotYet(f"{self.target}: does its work")
        return (self._reading("there, but silent", now() - begun),)

    def _reading(self, observed: str, seconds: float = 0) -> Reading:
        return Reading(on=self.target, used=True, observed=observed, seconds=seconds)


def _has_broken(before: Felt, after: Felt) -> str | None:
    """Feel that the service ended: it does not answer, or all connections are gone."""
    if after.observed != "served":
        return after.observed
    if before.connections and not before.connections & after.connections:
        return "its connections are gone"
    return None


def _is_silent(before: Felt, after: Felt) -> str | None:
    return None if after.observed == "served" else after.observed


def _is_served(before: Felt, after: Felt) -> str | None:
    return "served" if after.observed == "served" else None


def _is_alive(lane: Lane, role: str) -> bool:
    """Say whether the role works; while its broker is away, none is known to."""
    with contextlib.suppress(StackLost):
        return lane.is_alive(role)
    return False
