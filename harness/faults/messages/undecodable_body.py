"""`undecodable_body`: messages come with a body that nobody can read: half of a JSON.

Celery logs that it cannot decode one and acknowledges it, whatever the settings say: it
does not even go to a dead-letter queue, if there is one.
"""

from base64 import b64encode
from dataclasses import replace

from harness.conditions import Condition
from harness.faults.messages.waiting_fault import Messages, WaitingFault

_HALF = b64encode(b'[[], {"job_id":').decode()


def undecodable_body(*, messages: int, when: Condition) -> WaitingFault:
    """Have up to so many messages that wait come with half of their body."""
    return WaitingFault(
        type="undecodable_body",
        messages=messages,
        when=when,
        does="each comes with half of its body",
        changed=_broken_off,
        observed="were thrown away by a worker",
    )


def _broken_off(messages: Messages) -> Messages:
    return [replace(message, payload=_HALF) for message in messages]
