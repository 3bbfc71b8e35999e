"""A pytest plugin: what would be conducted is replayed from built histories instead.

No engine is needed, and all else is real: the plugin, the session, the terminal, the
judging and the report. `REPLAY` is JSON: `pace` (seconds of waiting for each second of
a history), `heals_for` (seconds that healing takes at the end of a scenario), `broke`
and `none` (lists of "scenario × design"), `session` (its folder), `left` (what cannot
be removed).
"""

import json
import os
import threading
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from harness import scenario_session
from harness.clock import now
from harness.designs import Design
from harness.history import AnyEvent, FaultAsked, HarnessFailed, Phase
from harness.recorder import Recorder
from harness.run import Run
from harness.scenario import Story
from harness.tests.histories import damage
from harness.tests.histories.build import (
    NO_FLOORS,
    Facts,
    cell,
    facts,
    sealed,
)

_PHASES = {"reset": 1000.1, "warm_up": 1000.3, "settle": 1005.0, "final_read": 1005.5}
_JOBS = 30


def pytest_configure(config: pytest.Config) -> None:
    """Put the replay in the place of the stack and its conductor."""
    asked = {"pace": 0.0, "broke": [], "none": []} | json.loads(os.environ["REPLAY"])
    replayed: Any = scenario_session
    replayed.conduct = partial(_replay, asked)
    replayed.check_imports = lambda *_: None
    replayed.why_not = lambda *_: None
    replayed.stacks = SimpleNamespace(
        up=partial(_up, asked), leave=partial(_leave, asked)
    )


def _up(asked: dict[str, Any], *_: object, **__: object) -> object:
    folder = Path(asked.get("session", "/nonexistent"))
    return SimpleNamespace(
        versions=defaultdict(dict), images={}, session=SimpleNamespace(folder=folder)
    )


def _leave(asked: dict[str, Any], *_: object) -> list[str]:
    left: list[str] = asked.get("left", [])
    return left


def _replay(
    asked: dict[str, Any],
    _: object,
    story: Story,
    designs: Mapping[str, Design],
    run: Run,
) -> None:
    """Write the histories event by event, at the pace that is asked for."""
    lanes = {name: _events(story, each, asked) for name, each in designs.items()}
    recorders = {
        name: Recorder(
            run.folder / story.name / name / "history.jsonl",
            watch=lambda event, name=name: run.watch(name, event),  # type: ignore[misc]
        )
        for name in lanes
    }
    offset = now() - 1000.0
    merged = sorted(
        (
            (event.time, name, event)
            for name, events in lanes.items()
            for event in events
        ),
        key=lambda each: each[0],
    )
    before = 1000.0
    try:
        for time, name, event in merged:
            gap = min(time, 1006.0) - min(before, 1006.0)
            if asked["pace"] and gap > 0:
                run.stop.wait(gap * asked["pace"])
            before = time
            recorders[name].record(_moved(event, offset))
    finally:
        threading.Event().wait(asked.get("heals_for", 0.0))
        (run.folder / "healed").touch()
        for recorder in recorders.values():
            recorder.close()


def _moved(event: AnyEvent, seconds: float) -> AnyEvent:
    """Move every moment that the event tells of."""
    moments = {
        name: getattr(event, name) + seconds
        for name in ("time", "intended", "begun", "gone")
        if hasattr(event, name)
    }
    return msgspec.structs.replace(event, **moments)


def _events(story: Story, design: Design, asked: dict[str, Any]) -> list[AnyEvent]:
    name = f"{story.name} × {design.name}"
    told = cell(
        scenario=story.name,
        design=design.name,
        claim=story.claim,
        lanes=(design.name,),
        promises=dict(design.promises),
        faults=tuple(
            FaultAsked(name=each, type=fault.type, sentence=fault.sentence)
            for each, fault in story.faults()
        ),
        floors=NO_FLOORS,
    )
    events: Facts = facts(_JOBS, asked=told)
    events += [Phase(time=time, name=phase) for phase, time in _PHASES.items()]
    if name in asked["broke"]:
        for number in (2, 3):
            events = damage.stranded_pending(events, number)
    if name in asked["none"]:
        events.append(HarnessFailed(time=1003.0, because="the lane \x1b[2J went\naway"))
    return sealed(events)
