"""Each scenario asks for enough: no verdict hangs on one operation more or less."""

from pathlib import Path

import pytest

from harness.scenario import read_story

PROJECT = Path(__file__).parents[2]
SOURCES = sorted(PROJECT.glob("scenarios/test_*.py"))
# A job arrives at a random moment of its slot: a window holds one more or less.
_ROOM = 1


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_clients_alone_reach_the_floors(source: Path) -> None:
    """Attempts count, too; how many run meanwhile is for the design to decide."""
    scenario = read_story(source, PROJECT).scenario
    workload, floors = scenario.workload, scenario.floors
    asked_for = workload.per_second * workload.for_seconds + len(workload.also)
    assert asked_for >= floors.operations
    for fault in scenario.faults:
        meanwhile = workload.per_second * fault.for_seconds
        assert meanwhile >= floors.fault_window + _ROOM
