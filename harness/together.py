"""Lanes that wait for each other, where one fault hits what all of them share.

It exists because each lane tells of a fault by itself, in its own history, while a
service that all of them use is to be broken once, when every lane is ready for it, and
healed once, when every lane has had its time.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Together:
    """The lanes that one fault hits. A lane by itself never waits."""

    def __init__(self, lanes: int) -> None:
        self._lock = threading.Lock()
        self._lanes = lanes
        self._waiting = 0
        self._step: Future[Any] = Future()
        self._work: Callable[[], Any] = lambda: None
        self._said: list[bool] = []

    @contextlib.contextmanager
    def taking_part(self) -> Iterator[None]:
        """Be one of the lanes while the block runs; the others do not wait after."""
        try:
            yield
        finally:
            with self._lock:
                self._lanes -= 1
                self._go_on()

    def once(self, work: Callable[[], T]) -> T:
        """Wait for all lanes that are left; the last one to come does its work.

        Each gets what that returned, or raised.
        """
        with self._lock:
            step = self._step
            self._waiting += 1
            self._work = work
            self._go_on()
        return cast(T, step.result())

    def all_say(self, mine: bool) -> bool:
        """Wait for all lanes that are left; return whether each of them says so."""
        with self._lock:
            self._said.append(mine)
        return self.once(self._have_all_said)

    def _have_all_said(self) -> bool:
        said, self._said = self._said, []
        return all(said)

    def _go_on(self) -> None:
        if not 0 < self._waiting == self._lanes:
            return
        step, self._step, self._waiting = self._step, Future(), 0
        try:
            step.set_result(self._work())
        except Exception as error:  # noqa: BLE001 - each lane raises it by itself
            step.set_exception(error)
