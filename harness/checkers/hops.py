"""Where a lost or stuck job was dropped on its way, and by what.

It exists so that both guarantees of lost tasks name the same places by the same rules
(`judging.md` §5). The place is the last one at which the ledgers show the job; a cause
is named only where they prove it. The broker counts messages and does not name them:
one that is left in a queue may be the job's, unless a worker's word shows that the
broker was told to forget it. A history without such words is judged all the same, and
says less.
"""

from dataclasses import dataclass

from harness.fates import Account
from harness.history import Acknowledged, AnyEvent, AttemptEntered, Delivered, Rejected
from harness.records import Attempt, JobRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """The place that a job got to, the cause that is proven, and the two in words."""

    place: str
    cause: str
    how: str = ""

    @property
    def because(self) -> str:
        """Return "stored, never published: its outbox entry was never sent"."""
        return f"{self.place}: {self.how}" if self.how else self.place


def where_dropped(record: JobRecord, account: Account) -> Dropped:
    """Say how far a job came that has no row, or a row that has not ended."""
    if not record.rows:
        return _lost(record, account)
    last = max(record.attempts(), key=lambda a: a.entered.time, default=None)
    sent = [event for event in record.publishes_ended if event.error is None]
    again = last is not None and any(event.time > last.until for event in sent)
    if record.effects or (last is not None and last.left is not None and not again):
        return _ran(record, last)
    taken = record.deliveries or record.acknowledged or record.rejected
    if record.started or taken:
        return _taken(record, account, last)
    if sent:
        return _sent(record, account)
    return _never_published(record)


def proof(record: JobRecord) -> tuple[AnyEvent, ...]:
    """Return the events that show the job's way."""
    return (
        *record.ended,
        *record.publishes_begun,
        *record.publishes_ended,
        *record.deliveries,
        *record.entered,
        *record.left,
        *record.acknowledged,
        *record.rejected,
        *record.rows,
    )


# --- the places, from the first to the last ----------------------------------------


def _lost(record: JobRecord, account: Account) -> Dropped:
    if any(change.new is None for change in record.transitions):
        return Dropped(
            place="stored, row gone", cause="deleted", how="its row was deleted"
        )
    if record.transitions:
        return Dropped(
            place="stored, row gone",
            cause="commit lost",
            how="its row was there and is gone without a delete",
        )
    if record.taken_back:
        return Dropped(
            place="stored, row gone",
            cause="commit lost",
            how="its row was seen, and is gone without a trace",
        )
    if account.forgets:
        return Dropped(
            place="stored, row gone",
            cause="commit lost",
            how="it is gone without a trace, as rows are that were seen",
        )
    return Dropped(place="never stored", cause="never stored")


def _never_published(record: JobRecord) -> Dropped:
    errors = [event.error or "" for event in record.publishes_ended]
    if any("NO_ROUTE" in error for error in errors):
        return Dropped(
            place="published, not in the broker",
            cause="unrouted",
            how="the broker returned it: no queue would take it",
        )
    if record.owed:
        how = "its outbox entry was never sent"
    elif errors:
        how = "publishing it failed"
    elif record.publishes_begun:
        how = "publishing it never ended"
    else:
        how = ""
    return Dropped(place="stored, never published", cause="never published", how=how)


def _sent(record: JobRecord, account: Account) -> Dropped:
    """Look for the message of a job that no worker ever had."""
    found = _in_broker(record, account)
    if found is not None:
        cause, how = found
        return Dropped(place="in the broker, not consumed", cause=cause, how=how)
    if not account.queues_seen:
        cause, how = "unrouted", "no queue was ever there to take it"
    elif confirmed := [each for each in record.publishes_ended if each.confirmed]:
        if all(account.had_no_queue_at(event.time) for event in confirmed):
            cause, how = "unrouted", "confirmed while there was no queue to take it"
        else:
            cause, how = "dropped by the broker", "confirmed, and in no queue"
    else:
        cause, how = "never confirmed", "written without a confirm, and in no queue"
    return Dropped(place="published, not in the broker", cause=cause, how=how)


def _taken(record: JobRecord, account: Account, last: Attempt | None) -> Dropped:
    """Say how far the worker came, and what became of the message."""
    holder: AttemptEntered | Delivered | None = last.entered if last else None
    if holder is None and record.deliveries:
        holder = record.deliveries[-1]
    death = _death_with_it(record, holder, account) if holder else None
    died = death is not None
    if last is not None and last.left is not None:
        came = f"its body {last.left.outcome}, and it was published again"
    elif last is not None:
        came = "its worker died in the attempt" if died else "its attempt never ended"
    elif died:
        came = "its worker died before the attempt"
    else:
        came = "no worker entered its body"
    cause, how = _message(record, account, death)
    return Dropped(
        place="delivered, worker died" if died else "delivered, not ended",
        cause=cause,
        how=f"{came}, {how}",
    )


def _death_with_it(
    record: JobRecord, holder: AttemptEntered | Delivered, account: Account
) -> float | None:
    """Return when the process died that had the job; None if its task had ended."""
    who = (holder.container, holder.process)
    death = account.died_at(*who, holder.time)
    if death is None or any(
        ended.task == holder.task
        and (ended.container, ended.process) == who
        and holder.time <= ended.time <= death
        for ended in record.tasks_ended
    ):
        return None
    return death


def _ran(record: JobRecord, last: Attempt | None) -> Dropped:
    ended = last.left if last else None
    return Dropped(
        place="effect there, state wrong" if record.effects else "ran, effect missing",
        cause="result lost",
        how=(f"its body {ended.outcome}" if ended else "its attempt never ended")
        + ", its row never ended",
    )


# --- the message --------------------------------------------------------------------


def _message(
    record: JobRecord, account: Account, death: float | None
) -> tuple[str, str]:
    """Say what became of the message of a job that a worker had, until its `death`."""
    word = _last_word(record)
    if isinstance(word, Rejected):
        return "swallowed", "its message was rejected and not queued again"
    if isinstance(word, Acknowledged):
        if word.job is None:
            return "swallowed", "its message, which nobody could read, was acknowledged"
        since = max((each.time for each in record.deliveries), default=word.time)
        states = [each.state for each in record.tasks_ended if each.time >= since]
        if states:
            ended = f"its task ended in {states[-1]}"
            return "swallowed", f"{ended}, and its message was acknowledged"
        if death is not None and death <= word.time:
            return "acknowledged too early", "its message was acknowledged all the same"
        return "acknowledged too early", "its message had been acknowledged"
    found = _in_broker(record, account)
    if found is not None:
        return found
    if account.acknowledgements_seen:
        return "dropped by the broker", "its message, never acknowledged, is gone"
    return "unexplained", "no message is left to deliver again"


def _last_word(record: JobRecord) -> Acknowledged | Rejected | None:
    """Return the word that took the job's last message from the broker, if one did.

    Each message that was sent needs a word of its own: while one is open, the broker
    may still have it. A word that could not be sent, or one to queue it again, is none.
    """
    words: list[Acknowledged | Rejected] = [
        *(each for each in record.acknowledged if each.error is None),
        *(each for each in record.rejected if each.error is None and not each.requeue),
    ]
    sent = sum(1 for event in record.publishes_ended if event.error is None)
    if not words or len(words) < sent:
        return None
    return max(words, key=lambda word: word.time)


def _in_broker(record: JobRecord, account: Account) -> tuple[str, str] | None:
    """Say where in the broker a message is left, of which the job's may be one."""
    jobs = [queue for queue in account.queues if not queue.dead_letters]
    dead = [queue for queue in account.queues if queue.dead_letters]
    if any(queue.unacknowledged for queue in jobs):
        held = "unacknowledged" if record.deliveries else "prefetched"
        return f"stuck {held}", "messages are unacknowledged"
    if any(queue.ready for queue in jobs):
        return "stuck in the queue", "messages are left in the queue"
    if any(queue.ready + queue.unacknowledged for queue in dead):
        return "swallowed", "messages are dead-lettered while its row is open"
    return None
