"""Watches a worker's pool children: each one says that it is born, and the main process
that it found one dead, and how it ended.
"""

from functools import wraps
from types import ModuleType
from typing import Any

from . import lines


def install_births(signals: ModuleType) -> None:
    """Connect to Celery's own signal (`celery.signals`)."""
    signals.worker_process_init.connect(_born, weak=False)


def install_deaths(pool: ModuleType) -> None:
    """Watch the place where the main process finds that children have exited."""
    original = pool.Pool._join_exited_workers

    @wraps(original)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        _died(self)
        return original(self, *args, **kwargs)

    pool.Pool._join_exited_workers = watched


@lines.harmless
def _born(**_: Any) -> None:
    lines.write("child_born")


@lines.harmless
def _died(pool: Any) -> None:
    for child in pool._pool:
        if child.exitcode is not None:
            lines.write("child_died", child=child.pid, exitcode=child.exitcode)
