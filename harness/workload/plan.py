"""The seeded stream of submissions, laid down before the first of them is sent.

It exists so that a run can be repeated and so that lanes can be compared: the same
seed gives every lane the same jobs at the same moments, and a slow answer never
delays the next submission (an open loop). Only the keys differ, by their prefix.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from harness.errors import UsageError
from harness.history import Expected

Purpose = Literal["workload", "warm_up", "sentinel"]

# Two cheap types, and one that is still in flight when a fault begins.
MIX: Mapping[str, float] = MappingProxyType(
    {"power": 0.4, "fibonacci": 0.4, "sleep": 0.2}
)
# Inclusive argument ranges. Results stay below 2**31, so they fit the app's column;
# sleeps are milliseconds.
ARGUMENTS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"power": (1, 30), "fibonacci": (1, 40), "sleep": (50, 400)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """One job that the story needs at a moment of its own."""

    at_seconds: float
    type: str
    argument: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """How many jobs of which types clients ask for, and how patient they are.

    `types` maps a job type to its share of the stream; shares need not add up to 1.
    `arguments` maps a type to its inclusive range. `retry_share` of the clients send
    the same key once more after a 5xx or a time-out; `poll_share` look at their job
    until it ends, and `look_again_share` of those look at it again afterwards.
    `also` are jobs beside the stream; their clients look and do not retry. The stream
    begins `after_seconds`: until then only these ask for anything.
    """

    per_second: float
    for_seconds: float
    types: Mapping[str, float]
    arguments: Mapping[str, tuple[int, int]]
    retry_share: float
    also: tuple[Extra, ...] = ()
    after_seconds: float = 0
    poll_share: float = 0.5
    look_again_share: float = 0.3

    @property
    def ends_at_seconds(self) -> float:
        """Return when the stream is over, counted from the start of the workload."""
        return self.after_seconds + self.for_seconds

    def __str__(self) -> str:
        mix = ", ".join(f"{name} {share:g}" for name, share in self.types.items())
        also = "".join(
            f", and {extra.type}({extra.argument}) after {extra.at_seconds:g} s"
            for extra in self.also
        )
        later = f" from {self.after_seconds:g} s on" if self.after_seconds else ""
        stream = f"{self.per_second:g} jobs/s for {self.for_seconds:g} s{later}"
        return f"{stream} ({mix}){also}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """One submission: when, what, how it should end, and how its client behaves.

    `at_seconds` counts from the start of the workload. `retry_after_seconds` is None
    for a client that gives up at its first answer. `overtime` is a job that is asked
    for only where a fault comes late or lasts long.
    """

    key: str
    at_seconds: float
    type: str
    argument: int
    expected: Expected
    retry_after_seconds: float | None = None
    polls: bool = False
    looks_again: bool = False
    overtime: bool = False


def jobs(
    *,
    per_second: float = 8,
    for_seconds: float = 16,
    types: Mapping[str, float] = MIX,
    arguments: Mapping[str, tuple[int, int]] = ARGUMENTS,
    retry_share: float = 0.25,
    also: Sequence[Extra] = (),
    after_seconds: float = 0,
) -> Workload:
    """Return a workload. Raises UsageError for one that cannot be carried out."""
    if per_second <= 0 or for_seconds <= 0:
        raise UsageError(
            f"jobs(per_second={per_second:g}, for_seconds={for_seconds:g}): "
            "both must be above 0."
        )
    if after_seconds < 0:
        raise UsageError(f"jobs(after_seconds={after_seconds:g}): give 0 or more.")
    if not 0 <= retry_share <= 1:
        raise UsageError(f"jobs(retry_share={retry_share:g}): give a share of 0 to 1.")
    if not types or min(types.values()) < 0 or not any(types.values()):
        raise UsageError(
            f"jobs(types={dict(types)}): give at least one type a share above 0."
        )
    for name in (*types, *(extra.type for extra in also)):
        if name not in ARGUMENTS:
            raise UsageError(
                f"jobs(...): there is no job type {name!r}; "
                f"choose from {', '.join(ARGUMENTS)}."
            )
    return Workload(
        per_second=per_second,
        for_seconds=for_seconds,
        types=types,
        arguments={**ARGUMENTS, **arguments},
        retry_share=retry_share,
        also=tuple(also),
        after_seconds=after_seconds,
    )


def job_at(at_seconds: float, type: str, argument: int) -> Extra:
    """Return a job that one client asks for at that moment, beside the stream."""
    return Extra(at_seconds=at_seconds, type=type, argument=argument)


def plan(
    workload: Workload, *, seed: int, key_prefix: str, overtime_seconds: float = 0
) -> tuple[PlannedJob, ...]:
    """Lay down every submission of one lane, in order of time.

    The n-th job arrives at a random moment of the n-th slot of `1 / per_second`
    seconds. So gaps vary between 0 and two slots, while the number of jobs in any
    fault's window is known within one: exponential gaps would now and then leave a
    window with too little work to earn a verdict.
    """
    draw = random.Random(seed)
    slot_seconds = 1 / workload.per_second
    names, shares = zip(*workload.types.items(), strict=True)
    planned = []
    regular = round(workload.per_second * workload.for_seconds)
    overtime = round(workload.per_second * overtime_seconds)
    for number in range(regular + overtime):
        in_stream = (number + draw.random()) * slot_seconds
        at_seconds = workload.after_seconds + in_stream
        (type_,) = draw.choices(names, shares)
        argument = draw.randint(*workload.arguments[type_])
        # Every draw is made for every job, so that a changed share moves nothing else.
        retries, polls, again = draw.random(), draw.random(), draw.random()
        pause_seconds = draw.uniform(0.5, 1.0)
        planned.append(
            PlannedJob(
                key=f"{key_prefix}-{number:05}",
                at_seconds=at_seconds,
                type=type_,
                argument=argument,
                expected=expected(type_, argument),
                retry_after_seconds=(
                    pause_seconds if retries < workload.retry_share else None
                ),
                polls=polls < workload.poll_share,
                looks_again=again < workload.look_again_share,
                overtime=number >= regular,
            )
        )
    planned += [
        PlannedJob(
            key=f"{key_prefix}-also-{number}",
            at_seconds=extra.at_seconds,
            type=extra.type,
            argument=extra.argument,
            expected=expected(extra.type, extra.argument),
            polls=True,
        )
        for number, extra in enumerate(workload.also)
    ]
    return tuple(sorted(planned, key=lambda job: job.at_seconds))


def one_job(key: str, *, type: str = "power", argument: int = 8) -> PlannedJob:
    """Return a single job for a warm-up or a sentinel, due at once."""
    return PlannedJob(
        key=key,
        at_seconds=0,
        type=type,
        argument=argument,
        expected=expected(type, argument),
    )


def expected(type: str, argument: int) -> Expected:
    """Return how such a job ends if all goes well, worked out apart from the app."""
    return Expected(status="finished", result=_result(type, argument))


def _result(type: str, argument: int) -> int:
    if type == "power":
        return 1 << argument
    if type == "fibonacci":
        current, following = 0, 1
        for _ in range(argument):
            current, following = following, current + following
        return current
    if type == "sleep":
        return argument
    raise UsageError(f"there is no job type {type!r}: {', '.join(ARGUMENTS)}")
