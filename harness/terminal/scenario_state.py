"""How far the scenario under way is: folded from the events of its lanes' histories.

It exists because what is shown of a scenario is what its histories are told, as they
are told it: if it is not in a history, it did not happen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.history import (
    AnyEvent,
    FaultConfirmed,
    FaultFailed,
    FaultHealed,
    FaultInjected,
    FaultVerified,
    HarnessFailed,
    Phase,
    QueueSeen,
    SubmitBegun,
    SubmitEnded,
)
from harness.terminal.words import duration, plain

# The phases of a scenario in order; the last one is ours, and in no history.
PHASES = ("reset", "warm_up", "workload", "settle", "final_read", "judge")
# A fault's times in order (`design.md` §2), and the events that tell them.
STAGES: Mapping[type[AnyEvent], str] = {
    FaultInjected: "asked",
    FaultConfirmed: "confirmed",
    FaultHealed: "healed",
    FaultVerified: "verified",
}
# Events that change what is shown. A history has many more: they are not looked at.
WATCHED = frozenset(
    {*STAGES, Phase, FaultFailed, HarnessFailed, QueueSeen, SubmitBegun, SubmitEnded}
)
# Queues are sampled twice a second; a count that is older than this is none.
_STALE_SECONDS = 3


@dataclass(slots=True, kw_only=True)
class FaultState:
    """One fault: when it came to each stage in each lane, and where it failed.

    `told` are the stages that a line was told of.
    """

    name: str
    times: dict[str, dict[str, float]] = field(
        default_factory=lambda: {stage: {} for stage in STAGES.values()}
    )
    failed: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class ScenarioState:
    """The scenario under way, in these lanes.

    `phases` is phase -> when the first lane came to it; `lost` are lanes that failed.
    `asked` and `accepted` are submission keys of the workload.
    """

    name: str
    claim: str
    lanes: tuple[str, ...]
    begun: float
    faults: dict[str, FaultState]
    phases: dict[str, float] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    queues: dict[tuple[str, str], QueueSeen] = field(default_factory=dict)

    @property
    def phase(self) -> str:
        """The phase that it is in, "" before the first."""
        return next(reversed(self.phases), "")

    # --- what happens ---------------------------------------------------------

    def happen(self, lane: str, event: AnyEvent) -> Iterator[str]:
        """Fold one event of a lane's history; yield what is worth a line."""
        match event:
            case Phase(name=name, time=time):
                yield from self.come_to(name, time)
            case FaultFailed(fault=fault, stage=stage, because=because):
                self.faults[fault].failed.add(lane)
                yield f"{lane}: {fault}: {stage} failed: {because}"
            case HarnessFailed(because=because):
                self.lost.add(lane)
                yield f"{lane}: {because}"
            case QueueSeen(queue=queue):
                self.queues[lane, queue] = event
            case SubmitBegun(purpose="workload", key=key):
                self.asked.add(key)
            case SubmitEnded(outcome="ok", key=key) if key in self.asked:
                self.accepted.add(key)
            case FaultInjected() | FaultConfirmed() | FaultHealed() | FaultVerified():
                # A fault that is healed a second time is where it was.
                times = self.faults[event.fault].times[STAGES[type(event)]]
                times.setdefault(lane, event.time)
        for fault_state in self.faults.values():
            yield from self._come_everywhere(fault_state)

    def come_to(self, phase: str, at: float) -> Iterator[str]:
        """Note a phase; the first lane there is enough."""
        if phase not in self.phases:
            self.phases[phase] = at
            yield words(phase)

    def _come_everywhere(self, fault: FaultState) -> Iterator[str]:
        """Tell of each stage that a fault has come to in every lane that is left."""
        left = set(self.lanes) - self.lost - fault.failed
        for stage, times in fault.times.items():
            if times and stage not in fault.told and left <= times.keys():
                fault.told.add(stage)
                lanes = f" in {len(times)} lanes" if len(times) > 1 else ""
                yield f"{fault.name}: {stage}{lanes}"

    # --- how it stands --------------------------------------------------------

    def waiting(self, at: float) -> int | None:
        """Count the messages that the broker holds; None where nobody has seen them."""
        seen = [each for each in self.queues.values() if not each.dead_letters]
        if not seen or at - max(each.time for each in seen) > _STALE_SECONDS:
            return None
        return sum(each.ready + each.unacknowledged for each in seen)

    def standing(self, at: float) -> str:
        """Say which phase it is in, and for how long."""
        since = duration(at - self.phases.get(self.phase, self.begun))
        return f"{plain(self.name)}: {words(self.phase) or 'begun'} for {since}"

    def stages(self, fault: FaultState) -> list[str]:
        """Say how far a fault is: at which second of the scenario it came to what."""
        here = [(stage, times) for stage, times in fault.times.items() if times]
        if not here:
            return ["waiting for its moment"]
        lanes = len(self.lanes)
        said = [
            f"{stage} {max(times.values()) - self.begun:.1f}"
            if len(times) == lanes
            else f"{stage} in {len(times)} of {lanes} lanes"
            for stage, times in here
        ]
        # One unit for all of them: they fit into a narrow terminal.
        return [*said[:-1], said[-1] + (" s" if len(here[-1][1]) == lanes else "")]

    def work(self, at: float) -> str:
        """Say how much work was done so far, over all lanes."""
        waiting = self.waiting(at)
        held = "not seen" if waiting is None else f"{waiting:,}"
        return (
            f"jobs asked for {len(self.asked):,}, accepted {len(self.accepted):,}, "
            f"in the queues {held}"
        )


def words(phase: str) -> str:
    """Return a phase's name as it is written: "warm-up"."""
    return phase.replace("_", "-")
