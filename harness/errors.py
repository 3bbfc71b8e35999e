"""The harness's exceptions. They exist so that "the harness is broken", "the user
asked for something impossible" and "we do not know" never share a type.

    HarnessError              exit code 3, unless it says otherwise
    ├── UsageError            4: an option, a file or a name that we cannot use
    ├── EngineMissing         3: no container engine that we may use
    ├── StackNotReady         3: the stack, or a lane of it, did not come up
    ├── StackLost             3: something that was up is gone
    ├── ToxiproxyError        3: Toxiproxy refused, or did not answer
    ├── NotPossibleHere       its cells are not run, and change no exit code
    ├── FaultNotInjected      the fault did not bite: its cells get no verdict
    ├── FaultNotHealed        the fault did not go: its cells get no verdict
    ├── EvidenceNotWritten    3: a disk is full, a folder cannot be written
    └── NoVerdict             a question was asked of a cell that has no verdict

A broken history is no exception: it is read up to the break, and the break is data.
"""

from typing import ClassVar


class HarnessError(Exception):
    """The harness failed; the message says what, where and what to do."""

    exit_code: ClassVar[int] = 3


class UsageError(HarnessError):
    """Something that the user wrote cannot be used."""

    exit_code: ClassVar[int] = 4


class EngineMissing(HarnessError):
    """There is no container engine, or we may not talk to it."""


class StackNotReady(HarnessError):
    """A service or lane did not become ready in time."""


class StackLost(HarnessError):
    """A service or lane that was up is gone."""


class NotPossibleHere(HarnessError):
    """A scenario needs something that this machine cannot do."""


class FaultNotInjected(HarnessError):
    """A fault was asked for and no probe could feel it."""


class FaultNotHealed(HarnessError):
    """A fault was taken back and a probe can still feel it."""


class EvidenceNotWritten(HarnessError):
    """Evidence or a report could not be written to disk."""


class NoVerdict(HarnessError):
    """A cell without a verdict was asked whether it kept its promise."""
