"""The stories of jobs: what happened to each harmed one, and to one that survived.

It exists so that a reader follows one job through all ledgers, finds the point where
it went wrong.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence

from harness.fates import Account
from harness.history import (
    AnyEvent,
    AttemptEntered,
    AttemptLeft,
    Delivered,
    PublishEnded,
    Transition,
)
from harness.records import TERMINAL, JobRecord
from harness.report.results import EventLine, Story
from harness.report.words import words
from harness.verdict import Anomaly, Judgement

STORIES_PER_CAUSE = 50
SURVIVORS = 3

# The way of a job from hand to hand, each step with the sentence for its absence.
_WAY = (
    "its row is stored",
    "its message is handed to the broker",
    "a worker takes the message",
    "its body is entered",
    "its body is left with a result",
    "its end is stored",
    "its row is still there at the end",
)


def tell(account: Account, judgements: Sequence[Judgement]) -> tuple[Story, ...]:
    """Tell of each harmed job; of the first ones of each cause, event by event."""
    records = {each.key: each for each in (*account.jobs, *account.strangers)}
    found: dict[str, list[Anomaly]] = {}
    told: dict[tuple[str, str, str], int] = {}
    in_full: set[str] = set()
    for judgement in judgements:
        for anomaly in (*judgement.anomalies, *judgement.excused):
            cause = (anomaly.kind, anomaly.cause, anomaly.because)
            for key in anomaly.keys:
                found.setdefault(key, []).append(anomaly)
                told[cause] = told.get(cause, 0) + 1
                if told[cause] <= STORIES_PER_CAUSE:
                    in_full.add(key)
    unharmed = _Unharmed(account, harmed=found)
    return tuple(
        _story(
            records[key],
            account,
            anomalies=found[key],
            in_full=key in in_full,
            survivor=unharmed.nearest(records[key]) if key in in_full else None,
        )
        for key in sorted(found)
    )


def survivors(account: Account, told: Sequence[Story]) -> tuple[Story, ...]:
    """Tell of the unharmed jobs that stories point at."""
    keys = {story.survivor for story in told if story.survivor is not None}
    return tuple(_story(each, account) for each in account.jobs if each.key in keys)


class _Unharmed:
    """The jobs of the workload that nothing befell, by the time they were asked for."""

    def __init__(self, account: Account, *, harmed: Collection[str]) -> None:
        jobs = sorted(
            (record.begun[0].time, record.key)
            for record in account.jobs
            if record.fate == "once" and record.key not in harmed and record.begun
        )
        self._times = [time for time, _ in jobs]
        self._keys = [key for _, key in jobs]
        self._chosen: dict[float, str] = {}

    def nearest(self, record: JobRecord) -> str | None:
        """Return the job asked for nearest to this one: few for all, so that the
        report stays small.
        """
        if not record.begun or not self._keys:
            return None
        asked = record.begun[0].time
        if len(self._chosen) >= SURVIVORS:
            return min(self._chosen.items(), key=lambda item: abs(item[0] - asked))[1]
        after = bisect_left(self._times, asked)
        index = min(
            range(max(0, after - 1), min(after + 1, len(self._times))),
            key=lambda each: abs(self._times[each] - asked),
        )
        return self._chosen.setdefault(self._times[index], self._keys[index])


def _story(
    record: JobRecord,
    account: Account,
    *,
    anomalies: Sequence[Anomaly] = (),
    in_full: bool = True,
    survivor: str | None = None,
) -> Story:
    proof = {event for each in anomalies for event in each.events}
    events = record.events() if in_full else ()
    last_good, missing = hand_overs(events, record)
    return Story(
        key=record.key,
        jobs=record.jobs,
        fate=record.fate if record.asked else None,
        answers=tuple(event.status for event in record.ended),
        anomalies=tuple(dict.fromkeys(each.kind for each in anomalies)),
        events=tuple(_event_lines(events, account.cell.time, proof)),
        last_good=last_good,
        missing=missing,
        survivor=survivor,
    )


def _event_lines(
    events: Sequence[AnyEvent], start: float, proof: Collection[AnyEvent]
) -> Iterator[EventLine]:
    for event in events:
        where, what = words(event)
        yield EventLine(
            seconds=round(event.time - start, 3),
            where=where,
            what=what,
            proof=event in proof,
            kind=str(event.__struct_config__.tag),
        )


# --- the hand-overs -----------------------------------------------------------


def hand_overs(
    events: Sequence[AnyEvent], record: JobRecord
) -> tuple[int | None, str | None]:
    """Return the place of the last good hand-over, and what should have followed.

    For a job that never ended: the furthest step of its way. For one that did: the
    furthest before a step was gone a second time; nothing is missing then. Of a key
    with several jobs, the first that never ended is the one that is told of.
    """
    ended = bool(record.rows) and record.terminal
    its_own = {event for job in record.each_open()[:1] for event in job.events()}
    gone: dict[int, int] = {}
    for place, event in enumerate(events):
        step = _step(event)
        if step is not None and (ended or not its_own or event in its_own):
            if ended and step in gone:
                break
            gone[step] = place
    furthest = max(gone, default=-1)
    if ended or not events:
        return gone.get(furthest), None
    last = len(_WAY) - (2 if record.rows else 1)
    return gone.get(furthest), _WAY[min(furthest + 1, last)]


def _step(event: AnyEvent) -> int | None:
    """Return how far on its way the event takes a job, None if it takes it nowhere."""
    match event:
        case Transition(old=None):
            return 0
        case PublishEnded(error=None):
            return 1
        case Delivered():
            return 2
        case AttemptEntered():
            return 3
        case AttemptLeft(outcome="returned"):
            return 4
        case Transition() if event.new in TERMINAL:
            return 5
    return None
