"""`deliver_again`: messages come twice, with all that they had, as any broker may bring
them (`faults.md` B9; AMQP promises at least once, never exactly once). A design cannot
tell the second from the first; what counts is that their job counts once.
"""

from harness.conditions import Condition
from harness.faults.messages.waiting_fault import Messages, WaitingFault


def deliver_again(*, messages: int, when: Condition) -> WaitingFault:
    """Have up to so many messages that wait delivered twice."""
    return WaitingFault(
        type="deliver_again",
        messages=messages,
        when=when,
        does="each comes twice",
        changed=_twice,
        observed="were with a worker twice",
        words=2,
    )


def _twice(messages: Messages) -> Messages:
    """All of them, and then all of them again: most first ones have ended by then."""
    return [*messages, *messages]
