"""What every fault is: the shape that the conductor knows, and nothing of its kind.

It exists so that a new kind of fault is one new file.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from harness.conditions import Condition
from harness.history import Reading
from harness.stack.lane import Felt, Lane
from harness.stack.queues import JobQueue
from harness.stack.undoing import NothingToUndo, Undo


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a fault is about to hit in one lane, found out before it is injected.

    `used` names the links or processes hit that the lane itself has in use:
    afterwards is too late to ask. `undo` is how anybody can undo the fault.
    `victim` is the process hit: one of several by its id inside its container, with
    the `job` that it runs, a whole container by the engine's. `ends` is the role whose
    container ends with it. `before` is what the links' clients felt, `queues` how the
    lane's job queues were. `tasks` are those whose messages are hit.
    """

    used: frozenset[str]
    undo: Undo = field(default_factory=NothingToUndo)
    victim: int | None = None
    job: int | None = None
    ends: str | None = None
    before: tuple[Felt, ...] = ()
    queues: tuple[JobQueue, ...] = ()
    tasks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NotYet:
    """A fault does not bite yet, or is not gone yet: what its probes `saw` instead.

    It is false, so that whoever waits for a fault looks again.
    """

    saw: str

    def __bool__(self) -> bool:
        return False


# What a fault's probes felt, once all of them did.
Probed = tuple[Reading, ...] | NotYet


def gather(found: Iterable[Reading | NotYet]) -> Probed:
    """Return the readings, or what was seen instead where one is not there yet."""
    readings, saw = [], []
    for each in found:
        if isinstance(each, NotYet):
            saw.append(each.saw)
        else:
            readings.append(each)
    if saw or not readings:
        return NotYet("; ".join(saw) or "nothing to try")
    return tuple(readings)


class Fault(Protocol):
    """One bad thing with a start and an end, on one lane or on what all lanes share.

    `confirm` and `verify` return what their probes felt once the fault bites, or is
    gone, and what they saw instead as long as it does not, or is not.
    """

    @property
    def when(self) -> Condition: ...

    @property
    def for_seconds(self) -> float: ...

    @property
    def type(self) -> str:
        """Name the kind, such as "refuse"."""
        ...

    @property
    def target(self) -> str:
        """Name what it hits, such as "web → rabbitmq"."""
        ...

    @property
    def shared(self) -> bool:
        """Say whether it hits what all lanes share, and so all of them at once."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Name what the machine must be able to do (`stack/needs.py`)."""
        ...

    @property
    def sentence(self) -> str:
        """Say in one sentence what it does, for a reader of the report."""
        ...

    def aim(self, lane: Lane) -> Aim:
        """Find what it is about to hit. Raises FaultNotInjected if there is none."""
        ...

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        """Begin it; return what it hit, which is its aim unless that got away.

        Where it is shared, one lane does it for all; so is `heal`.
        """
        ...

    def confirm(self, lane: Lane, aim: Aim) -> Probed: ...

    def hold(self, lane: Lane, aim: Aim) -> bool:
        """Do what keeps it up, called again and again; say whether its work is done.

        A fault whose work is done is healed before its time is up.
        """
        ...

    def heal(self, lane: Lane, aim: Aim) -> str:
        """End it; return the step of the escalation ladder that it took."""
        ...

    def verify(self, lane: Lane, aim: Aim) -> Probed: ...
