"""Does slow things side by side, and says every few seconds which are still going.

It exists so that somebody who waits for images sees that it goes on, on a terminal
and in a CI log alike.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from harness.clock import now

T = TypeVar("T")
Tell = Callable[[str], None]

_EVERY_SECONDS = 15


def side_by_side(tasks: Mapping[str, Callable[[], T]], tell: Tell) -> dict[str, T]:
    """Run all tasks at once; return their results by name.

    The first failure is raised after the others have ended: what they made is not
    made again the next time.
    """
    if not tasks:
        return {}
    began = now()
    pool = ThreadPoolExecutor(len(tasks))
    futures: dict[Future[T], str] = {
        pool.submit(task): name for name, task in tasks.items()
    }
    pending = set(futures)
    while pending:
        done, pending = wait(
            pending, timeout=_EVERY_SECONDS, return_when=FIRST_COMPLETED
        )
        seconds = f"{now() - began:.0f} s"
        for future in done:
            how = "failed" if future.exception() else "ready"
            tell(f"{futures[future]}: {how} after {seconds}")
        if not done:
            names = ", ".join(sorted(futures[future] for future in pending))
            tell(f"still at {names} … {seconds}")
    return {name: future.result() for future, name in futures.items()}
