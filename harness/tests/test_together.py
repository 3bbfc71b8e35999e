"""Lanes wait for each other, do a thing once, and never wait for one that is gone."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from harness.clock import wait_until
from harness.together import Together


def test_a_lane_by_itself_never_waits() -> None:
    """Most faults hit one lane only."""
    assert Together(1).once(lambda: "done") == "done"


def test_the_last_lane_to_come_does_the_work_for_all() -> None:
    """And nothing is done before it has come."""
    together, done = Together(3), []

    def work() -> int:
        done.append(1)
        return len(done)

    with ThreadPoolExecutor(3) as pool:
        early = [pool.submit(together.once, work) for _ in range(2)]
        assert not done
        late = pool.submit(together.once, work)
        assert [each.result(5) for each in (*early, late)] == [1, 1, 1]


def test_steps_follow_each_other() -> None:
    """A lane that is quick does not run ahead of the others."""
    together, done = Together(2), []

    def lane(name: str) -> None:
        with together.taking_part():
            for step in range(50):
                together.once(lambda step=step: done.append(step))  # type: ignore[misc]

    threads = [threading.Thread(target=lane, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert done == list(range(50))


def test_a_lane_that_leaves_keeps_nobody_waiting() -> None:
    """It never met the fault's condition, or failed."""
    together = Together(2)
    leave = threading.Event()

    def leaver() -> None:
        with together.taking_part():
            leave.wait(5)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(leaver)
        waiting: Future[str] = pool.submit(together.once, lambda: "alone")
        assert not waiting.done()
        leave.set()
        assert waiting.result(5) == "alone"


def test_what_the_work_raises_each_lane_raises() -> None:
    """A fault that could not be injected was injected in no lane."""
    together = Together(2)

    def fail() -> None:
        raise ValueError("not possible")

    with ThreadPoolExecutor(2) as pool:
        lanes = [pool.submit(together.once, fail) for _ in range(2)]
        wait_until(lambda: all(lane.done() for lane in lanes), within_seconds=5)
        for lane in lanes:
            with pytest.raises(ValueError, match="not possible"):
                lane.result()


@pytest.mark.parametrize("two_says", [True, False])
def test_all_hear_whether_all_say_so(*, two_says: bool) -> None:
    """Step by step: what was said in one is forgotten in the next."""
    together = Together(2)
    with ThreadPoolExecutor(2) as pool:
        for one, two in ((True, two_says), (True, True)):
            first = pool.submit(together.all_say, one)
            second = pool.submit(together.all_say, two)
            assert [first.result(5), second.result(5)] == [one and two] * 2
