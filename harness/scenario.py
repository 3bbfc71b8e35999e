"""A scenario: one claim, told as frozen data.

It exists so that a story reads as a story: a workload, the faults that befall it,
and the harm that they must do to a weak design. No ports, sleeps, loops or ifs.
"""

import runpy
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import UsageError
from harness.faults import Fault
from harness.history import Floors
from harness.workload import Workload

# Reset, warm-up, settling and the final read. Measured: 3 to 15 s.
_AROUND_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What clients ask for, what goes wrong, and what that must bite.

    `bites` is design -> anomalies that the faults must draw from it: if that design
    ran and was not harmed so, the faults proved nothing. "unrecovered: not consumed"
    asks for one that has this cause. `bites_in` is version of Celery -> whether that
    holds there: with False the anomalies must not show. Where it names any, nothing is
    said of others. `limits` is guarantee -> seconds that a design may take which does
    not promise it, where the usual limit is too wide to see the harm. `floors` is the
    least work that earns a verdict. Change these two only with a reason.
    """

    workload: Workload
    faults: Sequence[Fault] = ()
    bites: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    bites_in: Mapping[str, bool] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    floors: Floors = field(default_factory=Floors)

    @property
    def expected_seconds(self) -> float:
        """About how long it takes to conduct, without waiting for the slowest lane."""
        faults = sum(fault.for_seconds for fault in self.faults)
        return self.workload.ends_at_seconds + faults + _AROUND_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A scenario with its name, its claim (a sentence) and its file."""

    name: str
    claim: str
    source: str
    scenario: Scenario

    def faults(self) -> list[tuple[str, Fault]]:
        """Return the faults with a name each, unique within the scenario."""
        faults = self.scenario.faults
        return [
            (
                f"{fault.type} {fault.target}"
                + (f" ({number})" if len(faults) > 1 else ""),
                fault,
            )
            for number, fault in enumerate(faults, start=1)
        ]


def story_of(source: Path, project: Path, docstring: str | None, told: object) -> Story:
    """Return the story that a scenario's file tells, by its docstring and its SCENARIO.

    Raises UsageError where it has none.
    """
    where = source.relative_to(project).as_posix()
    if not isinstance(told, Scenario):
        raise UsageError(f"{where}: a scenario's file gives its value as SCENARIO")
    name = source.stem.removeprefix("test_")
    return Story(
        name=name,
        claim=" ".join((docstring or name).split()),
        source=where,
        scenario=told,
    )


def read_story(source: Path, project: Path) -> Story:
    """Read a scenario's file, where pytest does not. Raises UsageError."""
    try:
        told = runpy.run_path(str(source))
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}") from error
    return story_of(source, project, told["__doc__"], told.get("SCENARIO"))
