"""`unknown_task`: messages come for tasks that the worker does not know, as on a deploy
that goes step by step: from web of the next release to workers of the last one.

Celery logs an error and rejects such a message: it is gone, unless the queue has a
dead-letter queue; and a worker that takes from that one does not know the task either.
"""

from harness.conditions import Condition
from harness.faults.messages.waiting_fault import Messages, WaitingFault

_NEXT_RELEASE = "_of_the_next_release"


def unknown_task(*, messages: int, when: Condition) -> WaitingFault:
    """Have up to so many messages that wait ask for a task that is not known here."""
    return WaitingFault(
        type="unknown_task",
        messages=messages,
        when=when,
        does="each asks for a task of the next release",
        changed=_renamed,
        observed="were turned away by a worker",
    )


def _renamed(messages: Messages) -> Messages:
    return [
        message.with_header("task", f"{message.header('task')}{_NEXT_RELEASE}")
        for message in messages
    ]
