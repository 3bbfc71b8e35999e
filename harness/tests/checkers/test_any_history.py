"""Laws of judging, held to histories of the whole system that Hypothesis draws.

A drawn system has all ledgers, a design with any promises, one or two faults, and jobs
that were retried, requeued, dead-lettered, taken over or refused on the way. It is
valid; then it is damaged in one known way, or a part of it is lost.
"""

import random
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from harness import checkers
from harness.history import (
    Acknowledged,
    AttemptEntered,
    AttemptLeft,
    BreakpointLeft,
    BreakpointReached,
    Cell,
    ChildBorn,
    ChildDied,
    Clock,
    ContainerEnded,
    FaultAsked,
    QueueSeen,
    Rejected,
    encode,
    parse,
)
from harness.report.results import CellResult
from harness.tests.histories.build import (
    FAULT,
    FINAL_READ,
    Facts,
    cell,
    connections,
    fault,
    job,
    key_of,
    lines,
    promising,
    sealed,
)
from harness.tests.histories.causes import EXAMPLES
from harness.tests.histories.damage import DAMAGES, NEIGHBOURS
from harness.tests.histories.judged import expected, judged, shown
from harness.verdict import CellVerdict

SECOND = FaultAsked(name="kill-worker", type="kill", sentence="a worker is killed")
WORDS = (Acknowledged, Rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A valid history without its endings, and a job of it that may be damaged."""

    events: Facts
    victim: int
    full_probe: bool


def asked(draw: st.DrawFn) -> Cell:
    """Draw a design with any promises under one fault or two."""
    promises = draw(st.sets(st.sampled_from(sorted(checkers.known()))))
    faults = (FAULT, SECOND) if draw(st.booleans()) else (FAULT,)
    return cell(promises=promising(*sorted(promises)), faults=faults)


def around(draw: st.DrawFn) -> Facts:
    """Draw what a history holds beside its jobs: processes, queues, clocks, waits."""
    where: dict[str, Any] = {"process": 20, "container": "worker-1"}
    at = draw(st.floats(1001, 1010))
    events: Facts = [
        Clock(time=1000.1, ledger="database", offset_seconds=0.1, error_seconds=0.001),
        ChildBorn(time=1000.2, process=21, container="worker-1"),
        *connections(),
        BreakpointReached(time=at, point="task.returned", nth=1, job=1, **where),
        BreakpointLeft(
            time=at, point="task.returned", nth=1, job=1, released=True, **where
        ),
    ]
    for number in range(draw(st.integers(0, 3))):
        counts: dict[str, Any] = {
            "ready": draw(st.integers(0, 9)),
            "unacknowledged": number,
        }
        events.append(
            QueueSeen(time=at + number, queue="default", consumers=1, **counts)
        )
    quiet: dict[str, Any] = {
        "ready": 0,
        "unacknowledged": 0,
        "consumers": 1,
        "final": True,
    }
    events.append(QueueSeen(time=FINAL_READ, queue="default", **quiet))
    events.append(
        QueueSeen(time=FINAL_READ, queue="buried", dead_letters=True, **quiet)
    )
    return events


@st.composite
def systems(draw: st.DrawFn) -> System:
    """Draw a valid history of the whole system, in any order of its lines.

    The first fault lies over every job that runs twice; none lies over a first attempt,
    nor over what a damage lets run long after them.
    """
    design = asked(draw)
    events: Facts = [design, *fault(start=draw(st.floats(1002, 1003.7)))]
    if SECOND in design.faults:
        events += fault(SECOND.name, start=draw(st.floats(1006.1, 1008)))
    jobs = draw(st.integers(1, 8))
    victim = draw(st.integers(1, jobs))
    for number in range(1, jobs + 1):
        life = job(number)
        name = draw(st.sampled_from([None, *sorted(NEIGHBOURS)]))
        if name is not None and number != victim:
            life = NEIGHBOURS[name](life, number)
        events += life
    events += around(draw)
    return System(events=events, victim=victim, full_probe=draw(st.booleans()))


def seen(system: System, events: Facts) -> Facts:
    """Seal the events as the probe saw them: with the workers' words or not."""
    kept: Facts = [
        event for event in events if system.full_probe or not isinstance(event, WORDS)
    ]
    return sealed(kept)


def judged_in_any_order(events: Facts, luck: random.Random) -> CellResult:
    """Judge the lines as they are, and shuffled with some repeated: it is the same."""
    written = [encode(event) for event in events]
    result = judged(parse(written))
    luck.shuffle(written)
    again = written + luck.sample(written, len(written) // 2)
    assert judged(parse(again)) == result
    return result


LUCK = st.randoms(use_true_random=False)


def kills_another(events: Facts, victim: int) -> bool:
    """Say whether somebody else's attempt was running in a process that was killed."""
    deaths = [
        event for event in events if isinstance(event, ChildDied | ContainerEnded)
    ]
    return any(
        event.time <= death.time <= left.time
        for event in events
        if isinstance(event, AttemptEntered) and event.job != victim
        for left in events
        if isinstance(left, AttemptLeft) and left.job == event.job
        for death in deaths
        if isinstance(death, ContainerEnded) or death.child == event.process
    )


@given(systems(), LUCK)
def test_a_valid_history_is_kept(system: System, luck: random.Random) -> None:
    """No false alarm, whatever harmless things happened to its jobs."""
    result = judged_in_any_order(seen(system, system.events), luck)
    assert shown(result) == {}
    assert result.verdict is CellVerdict.KEPT


@given(systems(), st.sampled_from(sorted(DAMAGES)), LUCK)
def test_one_damage_is_answered_by_its_checker_alone(
    system: System, kind: str, luck: random.Random
) -> None:
    """The right checker speaks, and only it, whatever else happened to other jobs."""
    events = DAMAGES[kind](system.events, system.victim)
    result = judged_in_any_order(seen(system, events), luck)
    assert shown(result) == expected(kind, system.victim)
    promised = any(
        found.anomalies and found.promised for found in result.guarantees.values()
    )
    assert result.verdict is (CellVerdict.BROKE if promised else CellVerdict.WEAKNESS)


@given(systems(), st.sampled_from(sorted(EXAMPLES)), LUCK)
def test_one_cause_is_found_by_what_the_ledgers_prove(
    system: System, name: str, luck: random.Random
) -> None:
    """Without the workers' words the anomaly is the same, and its cause may be open."""
    example = EXAMPLES[name]
    events = example.harm(system.events, system.victim)
    assume(not kills_another(events, system.victim))
    result = judged_in_any_order(seen(system, events), luck)
    found = dict(shown(result))
    # Whose message is left somewhere is late as well as stuck; so is a long job whose
    # container died with the victim's.
    found.pop("unrecovered", None)
    assert found == {example.kind: (key_of(system.victim),)}
    (cause,) = (
        cause.cause
        for found in result.guarantees.values()
        for anomaly in found.anomalies
        for cause in anomaly.causes
        if anomaly.kind == example.kind
    )
    less = "dropped by the broker" if name == "unreadable" else "unexplained"
    assert cause == example.cause or (cause == less and not system.full_probe)


@given(systems(), st.data())
def test_a_history_cut_anywhere_accuses_nobody(
    system: System, data: st.DataObject
) -> None:
    """Cut in the middle of a line: read up to the break, no verdict, nobody lost.

    What a fault explains is told apart from what nothing does by the fault's own lines:
    they come first here, as they do in a run.
    """
    whole = lines(seen(system, system.events))
    cut = data.draw(st.integers(1, len(whole) - 1))
    result = judged(parse(whole[:cut].splitlines(keepends=True)))
    assert result.verdict is CellVerdict.NONE
    assert result.because
    assert shown(result) == {}


@given(systems(), st.data())
def test_one_lost_line_takes_the_verdict(system: System, data: st.DataObject) -> None:
    """Whichever it is: the end counts all lines, the markers those of their ledgers."""
    whole = seen(system, system.events)
    lost = data.draw(st.integers(0, len(whole) - 1))
    result = judged(parse(encode(e) for e in (*whole[:lost], *whole[lost + 1 :])))
    assert result.verdict is CellVerdict.NONE
