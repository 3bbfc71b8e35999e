"""Waiting ends when it is met, when its time is over, or when it is told to."""

import threading
import time
from itertools import pairwise

import pytest

from harness.clock import Stopped, end_if_stopped, now, stopped_by, wait_until


def test_a_wait_that_is_told_to_end() -> None:
    """However deep it is; once the block is over, nothing ends any more."""
    stop = threading.Event()
    stop.set()
    begun = now()
    with stopped_by(stop), pytest.raises(Stopped):
        wait_until(lambda: False, within_seconds=60)
    assert now() - begun < 1
    end_if_stopped()
    assert not wait_until(lambda: False, within_seconds=0)


def test_what_has_come_is_not_taken_back() -> None:
    """A condition that is met is told, also to who was told to end."""
    stop = threading.Event()
    stop.set()
    with stopped_by(stop):
        assert wait_until(lambda: "met", within_seconds=60) == "met"


def test_another_thread_waits_on() -> None:
    """Only who is in the block: what heals a fault meanwhile must come to its end."""
    stop = threading.Event()
    stop.set()
    ended: list[bool] = []
    with stopped_by(stop):
        other = threading.Thread(
            target=lambda: ended.append(wait_until(lambda: False, within_seconds=0.1))
        )
        other.start()
        other.join()
    assert ended == [False]


def test_tries_that_cost_something_come_ever_slower() -> None:
    """What is waited for shall not wait for who asks."""
    tries: list[float] = []

    def never() -> bool:
        tries.append(now())
        return False

    wait_until(never, within_seconds=1, every_seconds=0.01, at_last_every_seconds=0.3)
    pauses = [later - before for before, later in pairwise(tries)]
    assert 8 < len(tries) < 15
    assert pauses[0] < 0.1
    assert pauses[-1] >= 0.3


def test_who_asks_rests_as_long_as_it_took() -> None:
    """At most half of the time goes into asking."""
    tries: list[float] = []

    def takes_its_time() -> bool:
        tries.append(now())
        time.sleep(0.1)
        return False

    wait_until(takes_its_time, within_seconds=0.5, at_last_every_seconds=1)
    pauses = [later - before for before, later in pairwise(tries)]
    assert pauses
    assert min(pauses) >= 0.2
