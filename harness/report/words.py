"""Each event of a job in words: where it happened, and what.

It exists so that a reader follows a job without knowing the history's fields.
"""

from harness.history import (
    Acknowledged,
    AnyEvent,
    ApiSeen,
    AttemptEntered,
    AttemptLeft,
    BreakpointLeft,
    BreakpointReached,
    DeadLettered,
    Delivered,
    EffectSeen,
    Owed,
    PollEnded,
    PublishBegun,
    PublishEnded,
    Rejected,
    ResultSeen,
    Row,
    SubmitBegun,
    SubmitEnded,
    TaskEnded,
    Transition,
)


def words(event: AnyEvent) -> tuple[str, str]:
    """Return where the event happened and what it was, in plain words."""
    match event:
        case SubmitBegun() | SubmitEnded() | PollEnded():
            return "client", _client(event)
        case ApiSeen():
            return "API", f"at the end: shows {_state(event.status, event.result)}"
        case ResultSeen():
            said = _state(event.state, event.result)
            return "result backend", f"at the end: task {event.task} is {said}"
        case Transition() | Row() | EffectSeen() | Owed():
            return "database", _database(event)
        case (
            PublishBegun() | PublishEnded() | Delivered() | Acknowledged() | Rejected()
        ):
            return f"{event.container}, process {event.process}", _message(event)
        case (
            AttemptEntered()
            | AttemptLeft()
            | TaskEnded()
            | BreakpointReached()
            | BreakpointLeft()
        ):
            return f"{event.container}, process {event.process}", _attempt(event)
        case DeadLettered():
            return "dead letters", f"the message was taken from {event.queue}"
    return "harness", type(event).__name__


def _state(state: str, result: int | None) -> str:
    return state if result is None else f"{state}, result {result}"


def _client(event: SubmitBegun | SubmitEnded | PollEnded) -> str:
    match event:
        case SubmitBegun():
            again = "" if event.nth == 1 else f" again, request {event.nth}"
            return f"asks for {event.type}({event.argument}){again}"
        case SubmitEnded():
            if event.status is None:
                return f"has no answer: {event.error or event.outcome}"
            job = "" if event.job is None else f", job {event.job}"
            error = f": {event.error}" if event.error else ""
            return f"is answered {event.status}{job}{error}"
        case PollEnded():
            if event.seen is None:
                return f"looks, and gets no answer: {event.error or 'unknown'}"
            return f"sees {event.seen}"


def _database(event: Transition | Row | EffectSeen | Owed) -> str:
    match event:
        case Transition():
            by = f"connection {event.backend_pid}"
            if event.application:
                by = f"{event.application}, {by}"
            return f"{event.old or 'no row'} → {event.new or 'no row'} ({by})"
        case Row():
            said = _state(event.status, event.result)
            return f"at the end: job {event.job} is {said}"
        case EffectSeen():
            return f"at the end: effect {event.effect} of job {event.job}"
        case Owed():
            return f"at the end: the outbox still owes job {event.job}"


def _message(
    event: PublishBegun | PublishEnded | Delivered | Acknowledged | Rejected,
) -> str:
    match event:
        case PublishBegun():
            return "begins to publish the message"
        case PublishEnded():
            if event.error is not None:
                return f"fails to publish the message: {event.error}"
            how = "confirmed by the broker" if event.confirmed else "not confirmed"
            return f"has published the message, {how}"
        case Delivered():
            again = " again" if event.redelivered else ""
            return f"takes the message{again}"
        case Acknowledged():
            error = f", in vain: {event.error}" if event.error else ""
            return f"acknowledges the message{error}"
        case Rejected():
            how = "gives the message back" if event.requeue else "rejects the message"
            error = f", in vain: {event.error}" if event.error else ""
            return f"{how}{error}"


def _attempt(
    event: AttemptEntered
    | AttemptLeft
    | TaskEnded
    | BreakpointReached
    | BreakpointLeft,
) -> str:
    match event:
        case AttemptEntered():
            return "enters the job's body"
        case AttemptLeft():
            error = f": {event.error}" if event.error else ""
            return f"leaves the job's body, it {event.outcome}{error}"
        case TaskEnded():
            return f"ends the task: {event.state}"
        case BreakpointReached():
            return f"is held at {event.point}"
        case BreakpointLeft():
            how = "is let go" if event.released else "goes on by itself"
            return f"{how} at {event.point}"
