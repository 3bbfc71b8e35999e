"""`crash_loop`: a process crashes each time that it has lived for a while, as one does
whose start-up or first jobs kill it. It takes work and never ends it, and each of its
lives counts against what it took.
"""

from functools import partial
from http import HTTPStatus
from typing import Any

import docker.errors

from harness.conditions import Condition
from harness.faults.arguments import check_range
from harness.faults.process.process_fault import ProcessFault
from harness.stack import services


def crash_loop(
    target: str, *, when: Condition, for_seconds: float, lives_seconds: float = 4.0
) -> ProcessFault:
    """Kill a role or a service again and again, each time after `lives_seconds`."""
    check_range("crash_loop", "lives_seconds", lives_seconds, 0.5, 60)
    return ProcessFault(
        type="crash_loop",
        target=target,
        when=when,
        for_seconds=for_seconds,
        does=f"killed, and again {lives_seconds:g} s after each start,",
        begin=lambda container: container.kill(),
        keep_up=partial(_go_round, lives_seconds=lives_seconds),
    )


def _go_round(container: Any, *, lives_seconds: float) -> None:
    container.reload()
    if not container.attrs["State"]["Running"]:
        services.start_again(container)
    elif services.up_seconds(container) >= lives_seconds:
        try:
            container.kill()
        except docker.errors.APIError as error:
            # Another lane, which shares the service, has just done it.
            if error.status_code != HTTPStatus.CONFLICT:
                raise
