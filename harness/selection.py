"""What was selected to run, and what of it cannot be, with the reason.

It exists so that whoever selects cells (pytest, the track record, a shard) asks the
same questions before anything starts: does the claim make sense, can this machine do
it, can the design be harmed by it, can it be run beside the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from harness import checkers
from harness.conditions import At
from harness.designs import Design
from harness.errors import UsageError
from harness.scenario import Scenario, Story
from harness.stack import needs, versions
from harness.stack.lane_plan import LanePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneAsked:
    """One lane that was selected: a design, and what its lane shall be."""

    design: Design
    plan: LanePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class CellAsked:
    """One cell that was selected: a story and a lane."""

    story: Story
    lane: LaneAsked

    @property
    def name(self) -> tuple[str, str]:
        """Return the names of its scenario and of its lane."""
        return self.story.name, self.lane.plan.name


def wrong_claim(scenario: Scenario) -> str | None:
    """Say what is wrong with the harm that a scenario says it does."""
    for harm in set().union(*scenario.bites.values()):
        kind, _, _ = harm.partition(": ")
        if kind not in checkers.kinds():
            return (
                f"bites names {kind!r}, which no checker reports; there is "
                f"{', '.join(sorted(checkers.kinds()))}"
            )
    for guarantee, seconds in scenario.limits.items():
        if not 0 < seconds <= (most := checkers.limits().get(guarantee, 0)):
            return (
                f"limits names {guarantee!r} within {seconds:g} s, and that may be "
                f"{most:g} s at most"
            )
    for version in scenario.bites_in:
        if not scenario.bites:
            return f"bites_in names Celery {version}, and bites names no harm"
        try:
            versions.parse(version)
        except UsageError:
            return f"bites_in names {version!r}; write a version, such as '5.6.3'"
    return None


def why_not(story: Story, design: Design) -> str | None:
    """Say why a story is not possible with a design; None if it is.

    This machine may lack what a fault needs, or the design the process that it hits.
    """
    for _, fault in story.faults():
        for need in fault.needs:
            if because := needs.why_not(need):
                return f"not possible here: {fault.type} needs {need}: {because}"
        roles = fault.when.roles if isinstance(fault.when, At) else (fault.target,)
        if roles == ("relay",) and not design.has_background:
            return f"not possible: {design.name} does nothing in its relay"
    return None


def why_not_beside(story: Story, stories: Iterable[Story]) -> str | None:
    """Say why a story is not run on one stack with all of these; None if it is.

    What the others find is to hold for workers whose clock is the kernel's (clocks.py).
    """
    if not _needs_clocks(story) or all(map(_needs_clocks, stories)):
        return None
    return (
        "not possible beside other scenarios, whose workers must not run on clocks "
        f"that can be set; by itself: pytest {story.source}"
    )


def _needs_clocks(story: Story) -> bool:
    return any(needs.CLOCKS in fault.needs for _, fault in story.faults())
