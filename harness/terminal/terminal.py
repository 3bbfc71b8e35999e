"""The one thread that writes to the terminal; everybody else only puts things down.

It exists so that no line is torn, no lane waits for a slow terminal, and a signal
handler can speak: a handler that writes by itself may find the file, or a lock, held by
the very code that it interrupts. Putting into a `SimpleQueue` is allowed there.
"""

import contextlib
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol, TypeAlias

from harness.clock import now
from harness.history import AnyEvent
from harness.report.results import CellResult
from harness.terminal.scenario_state import WATCHED
from harness.terminal.state import CellName, RunState, Said

# How often a view may look at the state when nothing happens.
_EVERY_SECONDS = 0.5

News: TypeAlias = Callable[[], Iterable[Said]]


class View(Protocol):
    """What shows a run. All of it is called from one thread, between open and close."""

    def open(self) -> None: ...

    def say(self, said: Said) -> None:
        """Show one line."""

    def tick(self, state: RunState, at: float) -> None:
        """Show how it stands; `at` is a moment of the monotonic clock."""

    def close(self) -> None: ...


class Terminal:
    """What happens goes in from any thread or signal handler; the view shows it.

    Drawing never changes a verdict: a view that crashes shows nothing any more, and
    `failure` has its traceback.
    """

    def __init__(self, view: View, state: RunState) -> None:
        self._view = view
        self._state = state
        self._news: SimpleQueue[News] = SimpleQueue()
        self.failure: str | None = None

    # --- what happens ---------------------------------------------------------

    def begin(self, what: str) -> None:
        """Something begins that belongs to no scenario."""
        self._news.put(partial(self._state.begin, what, now()))

    def leave_out(self, cells: Sequence[CellName]) -> None:
        """Note which cells are not possible."""
        self._news.put(partial(self._state.leave_out, cells))

    def begin_scenario(
        self, name: str, claim: str, lanes: Sequence[str], faults: Sequence[str]
    ) -> None:
        """Begin a scenario in these lanes, with the names of its faults."""
        begin = self._state.begin_scenario
        self._news.put(partial(begin, name, claim, lanes, faults, now()))

    def watch(self, lane: str, event: AnyEvent) -> None:
        """Look at an event of a lane's history."""
        if type(event) in WATCHED:
            self._news.put(partial(self._state.happen, lane, event))

    def come_to(self, name: str) -> None:
        """Note that the scenario came to a phase that is in no history."""
        self._news.put(partial(self._state.come_to, name, now()))

    def judged(self, results: Sequence[CellResult]) -> None:
        """Note what the scenario's cells came to."""
        self._news.put(partial(self._state.judged, results, now()))

    def tell(self, line: str) -> None:
        """Tell of something that is only worth a line."""
        self._news.put(partial(self._state.tell, line))

    def answer(self, line: str) -> None:
        """Tell somebody who asked, whatever else is shown."""
        self._news.put(lambda: [Said(text=line, how="answer")])

    def say_how_it_stands(self) -> None:
        """Answer the question what is going on."""
        self._news.put(partial(self._state.answer, now()))

    # --- showing it -----------------------------------------------------------

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show what happens while the block runs; nobody else may write meanwhile."""
        over = threading.Event()
        thread = threading.Thread(
            target=self._show, args=(over,), name="terminal", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            over.set()
            self._news.put(tuple)  # wakes it up, and says nothing
            try:
                thread.join()
            finally:
                thread.join()  # a Ctrl-C may have ended the first; it has little left

    def _show(self, over: threading.Event) -> None:
        """Show the news until the block is over; after a crash, only take them away."""
        try:
            self._view.open()
            try:
                self._show_news(over)
            finally:
                self._view.close()
        except Exception:  # noqa: BLE001 - drawing never changes a verdict
            self.failure = traceback.format_exc()
            self._view = _Nothing()
            self._show_news(over)

    def _show_news(self, over: threading.Event) -> None:
        last = False
        while not last:
            last = over.is_set()
            for news in self._waiting(patient=not last):
                for said in news():
                    self._view.say(said)
            self._view.tick(self._state, now())

    def _waiting(self, *, patient: bool) -> Iterator[News]:
        """Yield what waits by now; a patient one waits a little for the first."""
        with contextlib.suppress(Empty):
            yield self._news.get(block=patient, timeout=_EVERY_SECONDS)
            for _ in range(self._news.qsize()):
                yield self._news.get_nowait()


class _Nothing:
    """A view that shows nothing, after one that crashed."""

    def open(self) -> None: ...

    def say(self, said: Said) -> None: ...

    def tick(self, state: RunState, at: float) -> None: ...

    def close(self) -> None: ...
