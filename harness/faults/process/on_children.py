"""What faults on a worker's pool children share: how a victim is found and killed.

It exists because a random kill rarely hits the moment that matters (1 in 6,
`containers.md`): a child is picked by the attempt that it runs, and only one that has
run for a while is hit, so that none ends between the choice and the kill.
"""

from collections.abc import Iterator
from functools import partial

from harness.clock import now, wait_until
from harness.conditions import At, Condition
from harness.errors import FaultNotInjected, UsageError
from harness.faults.fault import Aim
from harness.history import AttemptEntered, BreakpointReached, Reading
from harness.stack import processes
from harness.stack.lane import Lane

# An attempt that has run for so long is a `sleep`, and has a while to go still.
_RUNS_FOR_SECONDS = 0.1
# One that has run for longer may end before it is hit, which takes up to a second on
# a busy machine: give the workload jobs of two seconds.
_RUNS_AT_MOST_SECONDS = 0.8
_TRIES = 3
_FIND_WITHIN_SECONDS = 60.0


def check_condition(name: str, when: Condition) -> Condition:
    """Return a condition at which a pool child can be hit, or raise UsageError."""
    if isinstance(when, At) and not when.point.startswith("task."):
        raise UsageError(
            f"{name}(when=at({when.point!r})): no pool child waits there; one does at "
            "task.started and at task.returned"
        )
    return when


def aim(lane: Lane, when: Condition) -> Aim:
    """Pick the child that waits at the breakpoint, or one in the middle of an attempt.

    Raises FaultNotInjected if there is none.
    """
    victim = _held(lane, when) if isinstance(when, At) else _running(lane)
    return Aim(
        used=frozenset({_name(victim.process)}), victim=victim.process, job=victim.job
    )


def _held(lane: Lane, when: At) -> BreakpointReached:
    victim = lane.attempts.held_at(when.point, when.nth, when.roles)
    if victim is None:
        raise FaultNotInjected(f"no child of lane {lane.design} waits at {when.point}")
    return victim


def _running(lane: Lane) -> AttemptEntered:
    victim = wait_until(
        lambda: next(_victims(lane), None),
        within_seconds=_FIND_WITHIN_SECONDS,
        every_seconds=0.05,
    )
    if victim is None:
        raise FaultNotInjected(
            f"no attempt of lane {lane.design} was seen in its first second that no "
            "other fault had picked: give the workload more `sleep` jobs of 2 s"
        )
    return victim


def kill(lane: Lane, process: int | None) -> None:
    """Kill a process of the worker's container, as the kernel would."""
    assert process is not None
    processes.kill(lane.roles["worker"], process)


def hit(lane: Lane, aimed: Aim, when: Condition) -> Aim:
    """Kill the victim; where its attempt ended just before, pick another one.

    One that waits at a breakpoint does not get away. Returns the aim that was hit.
    Raises FaultNotInjected when all got away.
    """
    for _ in range(_TRIES):
        kill(lane, aimed.victim)
        wait_until(partial(_is_gone, lane, aimed), within_seconds=5)
        if isinstance(when, At) or _was_hit(lane, aimed):
            lane.attempts.bury("worker", aimed.victim)
            return aimed
        aimed = aim(lane, when)
    raise FaultNotInjected(f"{_TRIES} attempts ended before their child was killed")


def confirm(lane: Lane, aimed: Aim) -> tuple[Reading, ...] | None:
    """Return the reading once the victim is gone, in the middle of its attempt."""
    if not _is_gone(lane, aimed):
        return None
    return (_reading(aimed, f"gone in the middle of job {aimed.job}"),)


def verify(lane: Lane, aimed: Aim) -> tuple[Reading, ...] | None:
    """Return the reading once the worker consumes."""
    return (_reading(aimed, "the worker consumes"),) if lane.consumes() else None


def _victims(lane: Lane) -> Iterator[AttemptEntered]:
    for attempt in lane.attempts.running():
        # No look into the container here: it takes longer than some jobs do.
        runs_seconds = now() - attempt.time
        is_young = _RUNS_FOR_SECONDS <= runs_seconds <= _RUNS_AT_MOST_SECONDS
        if is_young and lane.attempts.pick(attempt):
            yield attempt


def _is_gone(lane: Lane, aimed: Aim) -> bool:
    assert aimed.victim is not None
    return not lane.is_running("worker", aimed.victim, since=now())


def _was_hit(lane: Lane, aimed: Aim) -> bool:
    """Say whether the attempt was entered in that process and never left."""
    return any(
        (attempt.process, attempt.job) == (aimed.victim, aimed.job)
        for attempt in lane.attempts.running()
    )


def _name(process: int | None) -> str:
    return f"worker's child {process}"


def _reading(aimed: Aim, observed: str) -> Reading:
    return Reading(on=_name(aimed.victim), used=True, observed=observed, seconds=0)
