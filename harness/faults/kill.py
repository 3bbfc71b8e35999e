"""`kill`: a whole process of the app dies as a crash would kill it, with no last word,
and is started again when the time is up. It shows what died with it.

The engine's SIGKILL suppresses a restart policy, so what heals it is a start by the
harness: as if whatever supervises the app took `for_seconds` to notice.
"""

from dataclasses import dataclass

import docker.errors

from harness.conditions import Condition
from harness.errors import FaultNotInjected
from harness.faults.fault import Aim
from harness.faults.on_links import check_seconds
from harness.history import Reading
from harness.stack.lane import Lane
from harness.stack.open_faults import StartContainer


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The container of `role` is killed, and started again after `for_seconds`."""

    role: str
    when: Condition
    for_seconds: float
    type: str = "kill"

    @property
    def target(self) -> str:
        return self.role

    @property
    def sentence(self) -> str:
        return (
            f"{self.role}: killed without warning and started again after "
            f"{self.for_seconds:g} s, when {self.when.sentence}"
        )

    def aim(self, lane: Lane) -> Aim:
        container = lane.roles.get(self.role)
        if container is None:
            raise FaultNotInjected(f"lane {lane.design} has no role {self.role}")
        container.reload()
        return Aim(
            used=frozenset({self.role} if lane.has_used(self.role) else ()),
            undo=StartContainer(container=container.id),
            victim=container.attrs["State"]["Pid"],
        )

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        lane.roles[self.role].kill()
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        state = _state(lane, self.role)
        if state["Running"]:
            return None
        lane.attempts.bury(self.role)
        return (self._reading(f"gone, exit code {state['ExitCode']}"),)

    def hold(self, lane: Lane, aim: Aim) -> None:
        """Nothing to do: it lasts by itself."""

    def heal(self, lane: Lane, aim: Aim) -> str:
        try:
            lane.roles[self.role].start()
        except docker.errors.NotFound as error:
            raise FaultNotInjected(f"{self.role} is gone altogether") from error
        return "soft"

    def verify(self, lane: Lane, aim: Aim) -> tuple[Reading, ...] | None:
        state = _state(lane, self.role)
        serves = {"web": lane.is_serving, "worker": lane.consumes}.get(self.role)
        if state["Pid"] in (0, aim.victim) or not (serves is None or serves()):
            return None
        return (self._reading("another process, which serves"),)

    def _reading(self, observed: str) -> Reading:
        return Reading(on=self.role, used=True, observed=observed, seconds=0)


def _state(lane: Lane, role: str) -> dict[str, object]:
    lane.roles[role].reload()
    state: dict[str, object] = lane.roles[role].attrs["State"]
    return state


def kill(role: str, *, when: Condition, for_seconds: float) -> Kill:
    """Kill a role's container, and start it again after `for_seconds`."""
    return Kill(role=role, when=when, for_seconds=check_seconds("kill", for_seconds))
