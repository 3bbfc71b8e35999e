"""One fault in one lane, from asked to verified, with its four times written down.

It exists so that every kind of fault goes the same way: on record before it is
injected, confirmed by what a client feels, healed whatever comes, verified gone.
"""

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal

from harness.cell import LOST, Cell
from harness.clock import now, wait_until
from harness.errors import (
    FaultNotHealed,
    FaultNotInjected,
    HarnessError,
    StackLost,
)
from harness.faults.fault import Aim, Fault, NotYet
from harness.history import (
    ContainerEnded,
    FaultConfirmed,
    FaultFailed,
    FaultHealed,
    FaultInjected,
    FaultVerified,
    Reading,
)
from harness.stack import undoing
from harness.stack.open_faults import OpenFault, on_record
from harness.stack.undoing import NothingToUndo, undo_hard
from harness.together import Together

# A condition that was not met by then never will be: the workload is over.
_CONDITION_WITHIN_SECONDS = 120
# A probe calls a link silent after one second; on a busy machine it takes another one
# to start. A message is felt when a worker has had it, behind those that came before.
_CONFIRM_WITHIN_SECONDS = 15
# How long a fault may still be felt after its heal. A healed link serves at once; six
# workers that start again together on two cores take half a minute.
_VERIFY_WITHIN_SECONDS = 60
# A broker of six lanes takes 20 seconds to start; for longer, a lane that has trouble
# of its own must not keep the others.
_LOOK_FIRST_SECONDS = 20
# After some quick tries: probes in each container of each lane, one after the other,
# take two cores for themselves, and a broker that starts again waits for them.
_PROBE_EVERY_SECONDS = 1.5

Readings = tuple[Reading, ...]


def break_and_heal(
    cell: Cell, name: str, fault: Fault, stop: threading.Event, together: Together
) -> None:
    """Inject the fault when its condition is met; heal it when its time is up.

    `stop` ends waiting and holding at once; the fault is healed all the same. A
    fault that does not bite, or does not go, is written down as such. Whoever waits for
    it at a breakpoint is let go once it bites, or as soon as it is known not to.
    `together` are the lanes that the fault hits at once: it begins when all have
    reached its condition, and ends when each has had its time.
    Two faults of a lane that put back the same thing come one after the other.
    """
    with (
        together.taking_part(),
        cell.giving_back(name),
        contextlib.ExitStack() as waiting,
        contextlib.ExitStack() as lasting,
    ):
        waiting.callback(cell.let_go, fault.when)
        lasting.callback(cell.faults_over.append, name)
        try:
            aim = _aim(cell, name, fault, stop)
        except FaultNotInjected as error:
            _note_failure(cell, name, "inject", str(error))
            return
        open_fault = OpenFault(name=name, lane=cell.lane.name, undo=aim.undo)
        asked = together.once(now)
        if stop.is_set():
            _note_failure(cell, name, "inject", "the scenario was stopped before it")
            return
        with on_record(cell.session_folder, open_fault):
            cell.recorder.record(FaultInjected(time=asked, fault=name))
            try:
                hit = together.once(partial(fault.inject, cell.lane, aim))
                # What all lanes share is hit by one; each has its own use of it.
                aim = aim if fault.shared else hit
                bites = _confirm(cell, name, fault, aim, asked, stop)
                waiting.close()
                if bites:
                    _hold(cell, fault, aim, stop)
            except (FaultNotInjected, StackLost) as error:
                _note_failure(cell, name, "inject", str(error))
            finally:
                _heal(cell, name, fault, aim, asked, together)
            lasting.close()
            # What ends by itself was never ours to undo; that it stays felt is said.
            gone = _verify(cell, name, fault, aim, together)
            # What lanes share is started anew for all of them: each writes it down.
            if together.all_say(gone):
                return
            if aim.undo == NothingToUndo():
                return
            _heal_hard(cell, name, aim, together)
            if not _verify(cell, name, fault, aim, together):
                raise FaultNotHealed(f"{name}: still felt after all that was tried")


def _aim(cell: Cell, name: str, fault: Fault, stop: threading.Event) -> Aim:
    """Wait for its condition, and until no other fault has what it will put back.

    One that was in the way may take so long that the condition is to be met again.
    Raises FaultNotInjected for one that is never met.
    """
    deadline = now() + _CONDITION_WITHIN_SECONDS
    while True:
        if not _wait(lambda: fault.when.is_met(cell), deadline - now(), stop):
            raise FaultNotInjected(f"never came: {fault.when.sentence}")
        aim = fault.aim(cell.lane)
        things = undoing.puts_back(aim.undo)
        if cell.take(name, things):
            return aim
        if not _wait(partial(cell.is_free, things), deadline - now(), stop):
            raise FaultNotInjected("another fault was in the way all the time")


def _confirm(
    cell: Cell,
    name: str,
    fault: Fault,
    aim: Aim,
    asked: float,
    stop: threading.Event,
) -> bool:
    """Write down that the fault bites, or that it did not in time; say which."""
    probed = wait_until(
        lambda: stop.is_set() or fault.confirm(cell.lane, aim),
        within_seconds=_CONFIRM_WITHIN_SECONDS,
        at_last_every_seconds=_PROBE_EVERY_SECONDS,
    )
    if not isinstance(probed, tuple):
        instead = f", but {probed.saw}" if isinstance(probed, NotYet) else ""
        because = f"no probe felt it within {now() - asked:.1f} s{instead}"
        _note_failure(cell, name, "confirm", because)
        return False
    if cell.got_away(fault.when):
        because = f"it came too late for this: {fault.when.sentence}"
        _note_failure(cell, name, "confirm", because)
        return False
    cell.felt[name] = now()
    cell.recorder.record(
        FaultConfirmed(time=now(), fault=name, readings=_mark(probed, aim.used))
    )
    return True


def _hold(cell: Cell, fault: Fault, aim: Aim, stop: threading.Event) -> None:
    """Keep the fault up until its time is over, its work done, or the scenario stopped.

    Its time counts from its confirmation: so long it bites, where it does not say
    itself that its work is done.
    """
    _wait(lambda: fault.hold(cell.lane, aim), fault.for_seconds, stop)


def _heal(
    cell: Cell, name: str, fault: Fault, aim: Aim, asked: float, together: Together
) -> None:
    """Heal first, then write it down: the disk may be full by now."""
    gone = now()
    cell.felt.pop(name, None)
    try:
        step = together.once(partial(fault.heal, cell.lane, aim))
    except HarnessError as error:
        _note_failure(cell, name, "heal", str(error))
        raise
    if aim.ends is not None:
        cell.lane.attempts.bury(aim.ends)
        cell.recorder.record(
            ContainerEnded(time=asked, gone=gone, container=aim.ends, because=name)
        )
    cell.recorder.record(FaultHealed(time=now(), fault=name, step=step))


def _heal_hard(cell: Cell, name: str, aim: Aim, together: Together) -> None:
    """Start anew what was hit: it was healed, and is felt all the same."""
    step = together.once(partial(undo_hard, aim.undo, cell.lane.engine))
    cell.recorder.record(FaultHealed(time=now(), fault=name, step=step))


def _verify(cell: Cell, name: str, fault: Fault, aim: Aim, together: Together) -> bool:
    """Write down that the fault is gone, or that it is not in time; say which.

    Where it is gone for all lanes at once, one of them looks first, and then each: if
    all did from the beginning, their probes would have the machine to themselves, and
    the app's clients would wait for that. What that one finds says nothing of others.
    """
    until_gone = partial(
        wait_until,
        lambda: fault.verify(cell.lane, aim),
        at_last_every_seconds=_PROBE_EVERY_SECONDS,
    )
    if fault.shared:
        with contextlib.suppress(HarnessError, *LOST):  # its own look meets that again
            together.once(partial(until_gone, within_seconds=_LOOK_FIRST_SECONDS))
    probed = until_gone(within_seconds=_VERIFY_WITHIN_SECONDS)
    if isinstance(probed, NotYet):
        because = f"still felt {_VERIFY_WITHIN_SECONDS} s after its heal: {probed.saw}"
        _note_failure(cell, name, "verify", because)
        return False
    cell.recorder.record(
        FaultVerified(time=now(), fault=name, readings=_mark(probed, aim.used))
    )
    return True


def _mark(readings: Readings, used: frozenset[str]) -> Readings:
    """Mark the readings on what the lane had in use before the fault.

    Afterwards is too late to ask: a fault may have closed those very connections.
    """
    return tuple(
        Reading(
            on=each.on,
            used=each.on in used,
            observed=each.observed,
            seconds=each.seconds,
        )
        for each in readings
    )


Stage = Literal["inject", "confirm", "heal", "verify"]


def _note_failure(cell: Cell, name: str, stage: Stage, because: str) -> None:
    cell.recorder.record(
        FaultFailed(time=now(), fault=name, stage=stage, because=because)
    )


def _wait(
    condition: Callable[[], bool], within_seconds: float, stop: threading.Event
) -> bool:
    """Wait for the condition or for `stop`; say whether the condition came first."""
    met = wait_until(
        lambda: stop.is_set() or condition(),
        within_seconds=within_seconds,
        every_seconds=0.1,
    )
    return bool(met) and not stop.is_set()
