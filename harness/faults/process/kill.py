"""`kill`: a whole process dies as a crash would kill it, with no last word, and is
started again when the time is up. It shows what died with it.

The engine's own SIGKILL suppresses a restart policy (`faults.md` K1), so what heals it
is a start by the harness: as if whatever supervises the app took `for_seconds` to
notice. `crash` is for a supervisor that is there, and quick.
"""

from typing import Any

from harness.conditions import Condition
from harness.faults.process.process_fault import ProcessFault


def kill(target: str, *, when: Condition, for_seconds: float) -> ProcessFault:
    """Kill a role or a service without a word, and start it again later."""
    return ProcessFault(
        type="kill",
        target=target,
        when=when,
        for_seconds=for_seconds,
        does="killed without warning, and away",
        begin=_kill,
    )


def _kill(container: Any) -> None:
    container.kill()
