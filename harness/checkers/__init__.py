"""One file per guarantee: job records in, anomalies out. Pure functions.

A checker is a module with the guarantee's name. To add one: write the file with
the names of `Checker`, and put it into `CHECKERS` below; the order is the report's.
One that judges by a time limit has `WITHIN_SECONDS`, the limit of a design that does
not promise it, and `AT_MOST_SECONDS`, the longest limit that can be judged.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from harness.checkers import (
    answers_are_honest,
    answers_in_time,
    attempts_do_not_overlap,
    effects_happen_once,
    every_job_starts,
    every_started_job_ends,
    recovers_in_time,
    runs_once,
    state_tells_the_truth,
    states_are_legal,
)
from harness.fates import Account
from harness.verdict import Anomaly, Doubt


class Checker(Protocol):
    """What a checker's module holds.

    `GROUP` is one of the four that the report uses, `SENTENCE` is the guarantee in
    words, and `KINDS` names each anomaly it can report, as (one, many) of them.
    """

    @property
    def GUARANTEE(self) -> str: ...
    @property
    def GROUP(self) -> str: ...
    @property
    def SENTENCE(self) -> str: ...
    @property
    def KINDS(self) -> Mapping[str, tuple[str, str]]: ...

    def check(self, account: Account) -> Iterator[Anomaly | Doubt]:
        """Yield every counter-example, and every reason not to know."""


CHECKERS: tuple[Checker, ...] = (
    every_job_starts,
    every_started_job_ends,
    effects_happen_once,
    runs_once,
    attempts_do_not_overlap,
    states_are_legal,
    state_tells_the_truth,
    answers_are_honest,
    answers_in_time,
    recovers_in_time,
)
_WITH_A_LIMIT = (answers_in_time, recovers_in_time)
DEFAULT_SECONDS = {each.GUARANTEE: each.WITHIN_SECONDS for each in _WITH_A_LIMIT}

# A connection can die under a running task: these are measured for all designs.
NOBODY_CAN_PROMISE = frozenset(("runs_once", "attempts_do_not_overlap"))


def known() -> frozenset[str]:
    """Return the guarantees that a design may promise: those with a checker.

    Two have one, and can be promised by nobody.
    """
    return frozenset(each.GUARANTEE for each in CHECKERS) - NOBODY_CAN_PROMISE


def limits() -> Mapping[str, float]:
    """Return the guarantees that need a limit, each with the longest one in seconds."""
    return {each.GUARANTEE: each.AT_MOST_SECONDS for each in _WITH_A_LIMIT}


def kinds() -> Mapping[str, tuple[str, str]]:
    """Return every anomaly that can be reported, with its words (one, many)."""
    return {kind: words for each in CHECKERS for kind, words in each.KINDS.items()}
