"""What faults take as arguments, checked before anything starts.

It exists so that a slip of the pen is one clear sentence, and the same one in all.
"""

from collections.abc import Sequence

from harness.errors import UsageError

# One name, several, or "*" for all that there are.
Names = str | Sequence[str]


def check_seconds(fault: str, seconds: float) -> float:
    """Return a duration that a fault may have, or raise UsageError."""
    if not 0 < seconds <= 600:
        raise UsageError(f"{fault}: for_seconds={seconds} must be in (0, 600]")
    return seconds


def check_range(
    fault: str, argument: str, value: float, least: float, most: float
) -> None:
    """Raise UsageError unless the value is within both limits."""
    if not least <= value <= most:
        raise UsageError(f"{fault}: {argument}={value} must be in [{least}, {most}]")


def check_choice(fault: str, argument: str, value: str, choices: Sequence[str]) -> None:
    """Raise UsageError unless the value is one of the choices."""
    if value not in choices:
        raise UsageError(
            f"{fault}: {argument}={value!r} is none of {', '.join(sorted(choices))}"
        )


def several(names: Names) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)
