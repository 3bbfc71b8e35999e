"""One thread writes: whoever tells never waits, and never tears a line."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.clock import wait_until
from harness.history import Phase
from harness.terminal.state import RunState, Said
from harness.terminal.terminal import Terminal
from harness.terminal.words import verdict_line
from harness.tests.terminal.recorded import cell, run_of
from harness.verdict import CellVerdict


class _View:
    """Remembers what it was given, and by whom; `crash` is what it crashes at."""

    def __init__(self, crash: str = "") -> None:
        self.crash = crash
        self.seen: list[str] = []
        self.threads: set[int] = set()
        self.ticks = 0
        self.stopped = threading.Event()
        self.stopped.set()

    def open(self) -> None:
        self._see("open")

    def say(self, said: Said) -> None:
        self.stopped.wait()
        self._see(said.text)

    def tick(self, state: RunState, at: float) -> None:
        self.ticks += 1

    def close(self) -> None:
        self._see("close")

    def _see(self, what: str) -> None:
        self.seen.append(what)
        self.threads.add(threading.get_ident())
        if what == self.crash:
            raise RuntimeError(f"crashed at {what}")


def _terminal(view: _View) -> Terminal:
    return Terminal(view, run_of(["story"], ["outbox"]))


def test_all_that_was_told_is_shown_in_order_by_one_thread() -> None:
    """Also what was told before it was shown, and just before it was over."""
    view = _View()
    terminal = _terminal(view)
    broke = cell("story", "outbox", CellVerdict.BROKE)
    terminal.begin("starting the stack")
    with terminal.shown():
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(terminal.tell, ["many"] * 400))
        terminal.begin_scenario("story", "A claim.", ["outbox"], [])
        terminal.watch("outbox", Phase(time=1.0, name="workload"))
        terminal.come_to("judge")
        terminal.judged([broke])
        terminal.answer("the last word")
    assert view.seen[:2] == ["open", "starting the stack"]
    assert view.seen.count("many") == 400
    assert view.seen[402:406] == [
        "— story: A claim.",
        "story: workload",
        "story: judge",
        verdict_line(broke),
    ]
    assert view.seen[-2:] == ["the last word", "close"]
    assert len(view.threads) == 1
    assert threading.get_ident() not in view.threads


def test_a_terminal_that_stands_still_holds_nobody_up() -> None:
    """Ctrl-S stops a terminal; the run goes on."""
    view = _View()
    terminal = _terminal(view)
    view.stopped.clear()
    with terminal.shown():
        for _ in range(1000):
            terminal.tell("a line")
        assert view.seen in ([], ["open"])
        view.stopped.set()
    assert view.seen.count("a line") == 1000


@pytest.fixture(name="usr1")
def _usr1() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_handler_may_speak_while_its_thread_does(usr1: None) -> None:
    """It interrupts the very code that tells, hundreds of times: nothing hangs."""
    view = _View()
    terminal = _terminal(view)
    signal.signal(signal.SIGUSR1, lambda *_: terminal.say_how_it_stands())
    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(0.0005):
            os.kill(os.getpid(), signal.SIGUSR1)

    sender = threading.Thread(target=interrupt)
    with terminal.shown():
        sender.start()
        for _ in range(20_000):
            terminal.tell("a line")
        over.set()
        sender.join()
    assert view.seen.count("a line") == 20_000
    assert any("0 of 1 cells are done" in line for line in view.seen)


@pytest.mark.parametrize("crash", ["open", "a line", "close"])
def test_a_view_that_crashes_changes_nothing(crash: str) -> None:
    """It shows nothing any more, what happened is known, and the run goes on."""
    view = _View(crash)
    terminal = _terminal(view)
    for _ in range(2):
        with terminal.shown():
            terminal.tell("a line")
    assert terminal.failure is not None
    assert f"RuntimeError: crashed at {crash}" in terminal.failure
    assert view.seen.count("a line") <= 1


def test_it_looks_at_the_state_when_nothing_happens() -> None:
    """A live screen's seconds go on."""
    view = _View()
    with _terminal(view).shown():
        assert wait_until(lambda: view.ticks >= 3, within_seconds=10)
