"""What all faults on a worker's pool children share: how a victim is found and killed.

It exists because a random kill rarely hits the moment that matters (1 in 6,
`containers.md`): a child is picked by the attempt that it runs, and only one that has
run for a while is hit, so that none ends between the choice and the kill.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from harness.clock import now, wait_until
from harness.conditions import At, Condition
from harness.errors import FaultNotInjected, UsageError
from harness.faults.arguments import check_seconds
from harness.faults.fault import Aim, NotYet, Probed
from harness.history import AttemptEntered, BreakpointReached, Reading
from harness.stack import processes, undoing
from harness.stack.lane import Lane
from harness.stack.undoing import NothingToUndo, Undo

# An attempt that has run for so long is a `sleep`, and has a while to go still.
_RUNS_FOR_SECONDS = 0.1
# One that has run for longer may end before it is hit, which takes up to a second on
# a busy machine: give the workload jobs of two seconds.
_RUNS_AT_MOST_SECONDS = 0.8
_TRIES = 3
_FIND_WITHIN_SECONDS = 60.0


def nothing_to_undo(worker: Any) -> Undo:
    """Let be: the pool makes another child by itself."""
    return NothingToUndo()


def never_done(lane: Lane, aim: Aim) -> bool:
    """Do nothing: the child stays dead."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFault:
    """A pool child of the lane's worker is killed while it runs an attempt.

    `does` completes the sentence "`target`: ...". `strike` is how it is killed, and
    `gone` what is said of it then.
    `keep_up` is what is done again and again meanwhile, and says whether the fault's
    work is done. `healed_by` is the step by which it ends where there is nothing to
    undo.
    """

    type: str
    target: str
    when: Condition
    for_seconds: float
    does: str
    healed_by: str
    gone: str = "gone"
    strike: Callable[[Any, int], None] = processes.kill
    undo: Callable[[Any], Undo] = nothing_to_undo
    keep_up: Callable[[Lane, Aim], bool] = never_done
    needs: tuple[str, ...] = ()
    shared: bool = False

    def __post_init__(self) -> None:
        check_seconds(self.type, self.for_seconds)
        if isinstance(self.when, At) and not self.when.point.startswith("task."):
            raise UsageError(
                f"{self.type}(when=at({self.when.point!r})): no pool child waits "
                "there; one does at task.started and at task.returned"
            )

    @property
    def sentence(self) -> str:
        return f"{self.target}: {self.does}, when {self.when.sentence}"

    def aim(self, lane: Lane) -> Aim:
        """Pick the child that waits at the breakpoint, or one amid an attempt.

        Raises FaultNotInjected if there is none.
        """
        victim = _held(lane, self.when) if isinstance(self.when, At) else _running(lane)
        return Aim(
            used=frozenset({_name(victim.process)}),
            victim=victim.process,
            job=victim.job,
            undo=self.undo(lane.roles["worker"]),
        )

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        """Kill the victim; where it ran nothing just then, pick another one.

        Where its attempt had ended, and it was in the middle of the next, that one is
        hit. One that waits at a breakpoint does not get away. Raises FaultNotInjected
        when all got away.
        """
        for _ in range(_TRIES):
            assert aim.victim is not None
            self.strike(lane.roles["worker"], aim.victim)
            wait_until(partial(_is_gone, lane, aim), within_seconds=5)
            died_in = _died_in(lane, aim)
            lane.attempts.bury("worker", aim.victim)
            if isinstance(self.when, At):
                return aim
            if died_in is not None:
                return replace(aim, job=died_in.job)
            # What is to be undone is what was before the first of them.
            aim = replace(self.aim(lane), undo=aim.undo)
        raise FaultNotInjected(f"{_TRIES} attempts ended before their child was killed")

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        if not _is_gone(lane, aim):
            return NotYet(f"{_name(aim.victim)} still runs")
        return (_reading(aim, f"{self.gone} in the middle of job {aim.job}"),)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        return self.keep_up(lane, aim)

    def heal(self, lane: Lane, aim: Aim) -> str:
        if aim.undo == NothingToUndo():
            return self.healed_by
        return undoing.undo(aim.undo, lane.engine)

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        """Return the reading once the worker consumes."""
        if not lane.consumes():
            return NotYet("no worker consumes")
        return (_reading(aim, "the worker consumes"),)


def kill(lane: Lane, process: int | None) -> None:
    """Kill a process of the worker's container, as the kernel would."""
    assert process is not None
    processes.kill(lane.roles["worker"], process)


def _held(lane: Lane, when: At) -> BreakpointReached:
    victim = lane.attempts.held_at(when.point, when.nth, when.roles)
    if victim is None:
        raise FaultNotInjected(f"no child of lane {lane.name} waits at {when.point}")
    return victim


def _running(lane: Lane) -> AttemptEntered:
    victim = wait_until(
        lambda: next(_victims(lane), None),
        within_seconds=_FIND_WITHIN_SECONDS,
        every_seconds=0.05,
    )
    if victim is None:
        raise FaultNotInjected(
            f"no attempt of lane {lane.name} was seen in its first second that no "
            "other fault had picked: give the workload more `sleep` jobs of 2 s"
        )
    return victim


def _victims(lane: Lane) -> Iterator[AttemptEntered]:
    for attempt in lane.attempts.running():
        # No look into the container here: it takes longer than some jobs do.
        runs_seconds = now() - attempt.time
        is_young = _RUNS_FOR_SECONDS <= runs_seconds <= _RUNS_AT_MOST_SECONDS
        if is_young and lane.attempts.pick(attempt):
            yield attempt


def _is_gone(lane: Lane, aim: Aim) -> bool:
    assert aim.victim is not None
    return not lane.is_running("worker", aim.victim, since=now())


def _died_in(lane: Lane, aim: Aim) -> AttemptEntered | None:
    """Return the attempt that the victim had entered and not left, if there is one.

    It is the last: who had this id before it died, too.
    """
    its = [each for each in lane.attempts.running() if each.process == aim.victim]
    return its[-1] if its else None


def _name(process: int | None) -> str:
    return f"worker's child {process}"


def _reading(aim: Aim, observed: str) -> Reading:
    return Reading(on=_name(aim.victim), used=True, observed=observed, seconds=0)
