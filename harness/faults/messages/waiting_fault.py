"""What all faults on messages share: which messages they hit, and how that is felt.

Messages that wait in the lane's job queue are taken out, and others are put there for
them. So each is the message of a real job: what becomes of it is in the ledgers, and
there is nothing of ours to tell apart. That a worker has had one is known from the
probe.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.conditions import Condition
from harness.errors import FaultNotInjected
from harness.faults.arguments import check_range
from harness.faults.fault import Aim, NotYet, Probed
from harness.history import Acknowledged, AnyEvent, Reading, Rejected
from harness.stack import queues
from harness.stack.lane import Lane
from harness.stack.queues import Message, job_queues

_MOST = 50

Messages = Sequence[Message]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFault:
    """The first `messages` that wait are replaced by what `changed` makes of them.

    `does` completes the sentence "up to 10 messages that wait for a worker: ...", and
    `words` is how often a worker must have spoken of one for it to be felt.
    """

    type: str
    messages: int
    when: Condition
    does: str
    changed: Callable[[Messages], Messages]
    observed: str
    words: int = 1
    for_seconds: float = 1
    needs: tuple[str, ...] = ()
    shared: bool = False

    def __post_init__(self) -> None:
        check_range(self.type, "messages", self.messages, 1, _MOST)

    @property
    def target(self) -> str:
        return f"up to {self.messages} messages that wait for a worker"

    @property
    def sentence(self) -> str:
        return f"{self.target}: {self.does}, when {self.when.sentence}"

    def aim(self, lane: Lane) -> Aim:
        waiting = [queue for queue in job_queues(lane) if queue.ready]
        if not waiting:
            raise FaultNotInjected(
                "no message waits for a worker: give the workload long jobs that keep "
                "the pool children busy, and a condition such as waiting(10)"
            )
        return Aim(used=frozenset({waiting[0].name}), queues=(waiting[0],))

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        (queue,) = aim.queues
        taken = queues.take(lane, queue.name, self.messages)
        queues.put(lane, queue.name, self.changed(taken))
        if not taken:
            raise FaultNotInjected("what waited was with a worker before it was hit")
        return Aim(
            used=aim.used,
            queues=aim.queues,
            tasks=frozenset(message.task for message in taken),
        )

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        return self._reading(lane, aim, at_least=1)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        """Say that its work is done: nothing keeps it up."""
        return True

    def heal(self, lane: Lane, aim: Aim) -> str:
        """Do nothing: what was put into the queue is the workers' now."""
        return "soft"

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        """Return the reading once none of them waits any more, and workers consume."""
        if not lane.consumes():
            return NotYet("no worker consumes")
        return self._reading(lane, aim, at_least=len(aim.tasks))

    def _reading(self, lane: Lane, aim: Aim, *, at_least: int) -> Probed:
        """Return a reading once workers have had so many of them."""
        had = [task for task in aim.tasks if self._was_had(lane.attempts.read(), task)]
        observed = f"{len(had)} of {len(aim.tasks)} {self.observed}"
        if len(had) < at_least:
            return NotYet(observed)
        (queue,) = aim.queues
        return (Reading(on=queue.name, used=True, observed=observed, seconds=0),)

    def _was_had(self, events: Sequence[AnyEvent], task: str) -> bool:
        told = [
            event
            for event in events
            if isinstance(event, Acknowledged | Rejected) and event.task == task
        ]
        return len(told) >= self.words
