"""What all faults on a lane's job queues share: how they are felt, and how they end.

It exists so that each kind's own file says only what is its own. A lane's queues are in
its own vhost, so that none of these hits another lane. They are felt by what the broker
shows of a queue: who consumes from it, what waits in it, what it takes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from harness.clock import now
from harness.conditions import Condition
from harness.errors import FaultNotInjected
from harness.faults.arguments import check_seconds
from harness.faults.fault import Aim, NotYet, Probed, gather
from harness.history import Reading
from harness.stack import undoing
from harness.stack.lane import Lane
from harness.stack.queues import TRIAL, JobQueue, job_queues
from harness.stack.undoing import CallBroker, NothingToUndo, Undo

JobQueues = Sequence[JobQueue]
# What shows (in the lane, of a queue as it was, as it is or None) in a few words.
Shows = Callable[[Lane, JobQueue, JobQueue | None], str | None]


def let_be(lane: Lane) -> Undo:
    """Undo nothing: what is done is done."""
    return NothingToUndo()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFault:
    """Something is done to each of the lane's job queues.

    `does` completes the sentence "the job queue: ...". One that does not last is over
    as soon as it is confirmed, and leaves only what it has done.
    """

    type: str
    when: Condition
    for_seconds: float
    does: str
    begin: Callable[[Lane, JobQueues], None]
    shows: Shows
    undo: Callable[[Lane], Undo] = let_be
    lasts: bool = True
    needs: tuple[str, ...] = ()
    shared: bool = False
    target: str = "the job queue"

    def __post_init__(self) -> None:
        check_seconds(self.type, self.for_seconds)

    @property
    def sentence(self) -> str:
        duration = f", for {self.for_seconds:g} s" if self.lasts else ""
        return f"{self.target}: {self.does}{duration}, when {self.when.sentence}"

    def aim(self, lane: Lane) -> Aim:
        queues = job_queues(lane)
        if not queues:
            raise FaultNotInjected(f"lane {lane.name} has no job queue")
        used = lane.has_used("worker")
        return Aim(
            used=frozenset(queue.name for queue in queues if used),
            undo=self.undo(lane),
            queues=queues,
        )

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        self.begin(lane, aim.queues)
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        return _read(lane, aim, self.shows)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        return not self.lasts

    def heal(self, lane: Lane, aim: Aim) -> str:
        return undoing.undo(aim.undo, lane.engine)

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        return _read(lane, aim, self._is_well)

    def _is_well(
        self, lane: Lane, before: JobQueue, queue: JobQueue | None
    ) -> str | None:
        """Say that workers consume from it, if they do and the fault does not show."""
        if queue is None or not queue.consumers:
            return None
        is_felt = self.lasts and self.shows(lane, before, queue)
        return None if is_felt else "consumed"


def _read(lane: Lane, aim: Aim, shows: Shows) -> Probed:
    """Return a reading of each queue, or how those are that show nothing of it."""
    begun = now()
    queues = {queue.name: queue for queue in job_queues(lane)}

    def read(before: JobQueue) -> Reading | NotYet:
        queue = queues.get(before.name)
        observed = shows(lane, before, queue)
        if observed is None:
            return NotYet(queue.sentence if queue else f"{before.name}: is not there")
        seconds = now() - begun
        return Reading(on=before.name, used=True, observed=observed, seconds=seconds)

    return gather(map(read, aim.queues))


# --- policies -------------------------------------------------------------------

_POLICY = "harness"


def put_policy(
    lane: Lane, queues: JobQueues, *, definition: Mapping[str, str | int]
) -> None:
    """Have a policy of ours be in force on the job queues, and on a trial of ours."""
    names = "|".join(re.escape(name) for name in (*(q.name for q in queues), TRIAL))
    policy = {
        "pattern": f"^({names})$",
        "apply-to": "queues",
        "definition": definition,
        "priority": 100,
    }
    lane.broker.call("PUT", _path(lane), policy)


def delete_policy(lane: Lane) -> Undo:
    """Undo a policy of ours, and its trial that may have been under way."""
    broker = lane.broker
    trial = f"queues/{quote(lane.id, safe='')}/{TRIAL}"
    return CallBroker(
        url=broker.url,
        user=broker.user,
        password=broker.password,
        calls=(("DELETE", _path(lane), None), ("DELETE", trial, None)),
    )


def _path(lane: Lane) -> str:
    return f"policies/{quote(lane.id, safe='')}/{_POLICY}"
