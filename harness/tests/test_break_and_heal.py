"""A fault at a breakpoint: who waits is let go, and what happened is written down."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import docker.errors
import msgspec
import pytest

from harness import history
from harness.break_and_heal import break_and_heal
from harness.cell import Cell
from harness.conditions import At, accepted, at
from harness.designs import find_designs
from harness.errors import EvidenceNotWritten, FaultNotInjected, StackLost
from harness.faults.fault import Aim, NotYet, Probed
from harness.history import (
    AnyEvent,
    BreakpointLeft,
    BreakpointReached,
    ContainerEnded,
    FaultConfirmed,
    FaultFailed,
    FaultHealed,
    FaultInjected,
    FaultVerified,
    Reading,
    encode,
)
from harness.recorder import Recorder
from harness.stack import undoing
from harness.stack.breakpoints import Breakpoints
from harness.stack.clocks import Clocks
from harness.stack.lane import Lane
from harness.stack.ledgers.attempts import AttemptLog
from harness.stack.undoing import NothingToUndo, Undo, Unpause
from harness.together import Together

PROJECT = Path(__file__).parents[2]
WHEN = at("task.returned", nth=5)
PLACE: dict[str, Any] = {"point": "task.returned", "nth": 5, "job": 7, "process": 11}
REACHED = BreakpointReached(time=1, container="worker", **PLACE)
FELT = (Reading(on="worker", used=True, observed="gone", seconds=0),)


@dataclass(kw_only=True)
class Ends:
    """A fault that ends the worker's container, in one way or another."""

    when: At = WHEN
    for_seconds: float = 5
    type: str = "ends"
    needs: tuple[str, ...] = ()
    target: str = "worker"
    sentence: str = "worker: ends"
    shared: bool = False
    on_aim: Callable[[], None] = lambda: None
    on_inject: Callable[[], None] = lambda: None
    on_heal: Callable[[], None] = lambda: None
    bites: bool = True
    is_gone: Callable[[], bool] = lambda: True
    used: str = "worker"
    armed: list[Path] = field(default_factory=list)
    undo: Undo = field(default_factory=NothingToUndo)

    def aim(self, lane: Lane) -> Aim:
        self.on_aim()
        return Aim(used=frozenset({self.used}), ends="worker", undo=self.undo)

    def inject(self, lane: Lane, aim: Aim) -> Aim:
        self.on_inject()
        return aim

    def confirm(self, lane: Lane, aim: Aim) -> Probed:
        if not self.bites:
            return NotYet("worker: does its work")
        return (msgspec.structs.replace(FELT[0], on=self.used),)

    def hold(self, lane: Lane, aim: Aim) -> bool:
        """Its work is done at once; note what is still armed then."""
        self.armed += lane.breakpoints._folder.iterdir()
        return True

    def heal(self, lane: Lane, aim: Aim) -> str:
        self.on_heal()
        return "soft"

    def verify(self, lane: Lane, aim: Aim) -> Probed:
        return FELT if self.is_gone() else NotYet("worker: does not run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A cell whose lane has its attempts ledger and breakpoints, and nothing else."""

    folder: Path
    cell: Cell

    def happens(self, event: AnyEvent) -> None:
        """Let the probe write a line."""
        with (self.folder / "attempts.jsonl").open("ab") as file:
            file.write(encode(event))

    def run(
        self,
        fault: Ends,
        *,
        stopped: bool = False,
        stop: threading.Event | None = None,
        together: Together | None = None,
    ) -> history.History:
        """Carry the fault out to its end, and return what was written down."""
        stop = stop or threading.Event()
        if stopped:
            stop.set()
        self.cell.arm(fault.when)
        break_and_heal(self.cell, "ends worker", fault, stop, together or Together(1))
        assert not list((self.folder / "breakpoints").iterdir())
        return history.read(self.cell.recorder.path)


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Have a cell in a folder of its own, in whose containers process 11 lives."""

    def lives(lane: Lane, role: str, process: int, *, since: float) -> bool:
        return process == 11

    monkeypatch.setattr(Lane, "is_running", lives)
    return _setting(tmp_path)


def _setting(tmp_path: Path) -> Setting:
    (tmp_path / "attempts.jsonl").touch()
    lane = Lane(
        name="outbox",
        id="outbox",
        celery=None,
        links=(),
        roles={"web": SimpleNamespace(client=None)},
        services={},
        toxiproxy=cast(Any, None),
        toxiproxy_container=None,
        broker=cast(Any, None),
        dsn="",
        redis_url="",
        attempts=AttemptLog(tmp_path / "attempts.jsonl"),
        breakpoints=Breakpoints(tmp_path),
        clocks=Clocks(tmp_path),
    )
    cell = Cell(
        design=find_designs(PROJECT)["outbox"],
        lane=lane,
        recorder=Recorder(tmp_path / "history.jsonl"),
        key_prefix="r1",
        session_folder=tmp_path,
        tell=lambda _: None,
    )
    return Setting(folder=tmp_path, cell=cell)


def test_who_waits_is_let_go_once_the_fault_bites(setting: Setting) -> None:
    """And the container's end is told from before it was asked for."""
    setting.happens(REACHED)
    fault = Ends()
    told = setting.run(fault)

    (injected,), (ended,) = told.of(FaultInjected), told.of(ContainerEnded)
    (confirmed,) = told.of(FaultConfirmed)
    assert not fault.armed
    assert injected.time == ended.time <= confirmed.time <= ended.gone
    assert (ended.container, ended.because) == ("worker", "ends worker")
    assert not told.of(FaultFailed)


def test_a_breakpoint_that_nobody_comes_to(setting: Setting) -> None:
    """The fault never came, and says so."""
    (failed,) = setting.run(Ends(), stopped=True).of(FaultFailed)
    assert (failed.stage, failed.because) == (
        "inject",
        "never came: arrival 5 at task.returned is held there",
    )


def test_a_process_that_died_where_it_was_held(setting: Setting) -> None:
    """Another fault's victim is not there for this one: nobody is held."""
    setting.happens(msgspec.structs.replace(REACHED, process=12))
    assert not setting.cell.is_held(WHEN)
    assert not setting.cell.got_away(WHEN)
    assert not setting.cell.got_away(accepted(1))


def test_a_fault_that_comes_when_the_wait_is_over(setting: Setting) -> None:
    """It did not hit what it was meant to hit; but the container has ended."""
    setting.happens(REACHED)
    left = BreakpointLeft(time=31, container="worker", released=False, **PLACE)
    told = setting.run(Ends(on_inject=lambda: setting.happens(left)))

    (failed,) = told.of(FaultFailed)
    assert (failed.stage, failed.because) == (
        "confirm",
        "it came too late for this: arrival 5 at task.returned is held there",
    )
    assert told.of(ContainerEnded)
    assert not told.of(FaultConfirmed)


@pytest.mark.parametrize(
    ("fault", "stage", "because"),
    [
        (
            Ends(bites=False),
            "confirm",
            r"no probe felt it within \d\.\d s, but worker: does its work",
        ),
        (
            Ends(is_gone=lambda: False),
            "verify",
            r"still felt 0\.1 s after its heal: worker: does not run",
        ),
    ],
)
def test_what_was_seen_instead(
    setting: Setting,
    monkeypatch: pytest.MonkeyPatch,
    fault: Ends,
    stage: str,
    because: str,
) -> None:
    """Whoever reads that a fault did not bite, or did not go, can tell why."""
    monkeypatch.setattr("harness.break_and_heal._CONFIRM_WITHIN_SECONDS", 0.1)
    monkeypatch.setattr("harness.break_and_heal._VERIFY_WITHIN_SECONDS", 0.1)
    setting.happens(REACHED)
    (failed,) = setting.run(fault).of(FaultFailed)
    assert failed.stage == stage
    assert re.fullmatch(because, failed.because)


def test_a_fault_that_finds_nothing_to_hit(setting: Setting) -> None:
    """Whoever waits for it is let go all the same."""

    def finds_nothing() -> None:
        raise FaultNotInjected("there is no such role")

    setting.happens(REACHED)
    (failed,) = setting.run(Ends(on_aim=finds_nothing)).of(FaultFailed)
    assert (failed.stage, failed.because) == ("inject", "there is no such role")


def test_what_all_lanes_share_is_hit_once(tmp_path: Path, setting: Setting) -> None:
    """When the last of them has come; each tells of it in its own history."""
    (tmp_path / "other").mkdir()
    other = _setting(tmp_path / "other")
    hits: list[str] = []
    heals: list[str] = []

    def fault_of(lane: str) -> Ends:
        return Ends(
            shared=True,
            on_inject=lambda: hits.append(lane),
            on_heal=lambda: heals.append(lane),
            used=f"{lane}'s link",
        )

    together = Together(2)
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(setting.run, fault_of("early"), together=together)
        setting.happens(REACHED)
        other.happens(REACHED)
        late = pool.submit(other.run, fault_of("late"), together=together)
        told = {"early": early.result(10), "late": late.result(10)}

    assert len(hits) == len(heals) == 1
    asked = {lane: told[lane].of(FaultInjected)[0].time for lane in told}
    assert asked["early"] == asked["late"]
    for lane, its in told.items():
        (confirmed,), (_,) = its.of(FaultConfirmed), its.of(FaultVerified)
        assert [each.used for each in confirmed.readings] == [True], lane


def test_one_lane_looks_until_what_all_share_is_back(
    tmp_path: Path, setting: Setting
) -> None:
    """Then each does: probes of all of them would keep a service from starting."""
    (tmp_path / "other").mkdir()
    other = _setting(tmp_path / "other")
    looks: list[str] = []

    def fault_of(lane: str) -> Ends:
        def is_gone() -> bool:
            looks.append(lane)
            return len(looks) > 4

        return Ends(shared=True, is_gone=is_gone)

    together = Together(2)
    with ThreadPoolExecutor(2) as pool:
        setting.happens(REACHED)
        other.happens(REACHED)
        one = pool.submit(setting.run, fault_of("one"), together=together)
        two = pool.submit(other.run, fault_of("two"), together=together)
        assert len(one.result(10).of(FaultVerified)) == 1
        assert len(two.result(10).of(FaultVerified)) == 1

    assert len(set(looks[:5])) == 1
    assert sorted(looks[5:]) == ["one", "two"]


@pytest.fixture(name="pair")
def _pair(tmp_path: Path, setting: Setting) -> tuple[Setting, Setting]:
    """Have two cells whose lanes have come to where a fault waits for them."""
    (tmp_path / "other").mkdir()
    other = _setting(tmp_path / "other")
    setting.happens(REACHED)
    other.happens(REACHED)
    return setting, other


@pytest.mark.parametrize(
    "trouble", [StackLost("its worker is not running"), docker.errors.NotFound("gone")]
)
def test_a_lane_with_trouble_of_its_own_takes_no_other_with_it(
    pair: tuple[Setting, Setting], monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """Whatever a cell counts as its own loss: the others look for themselves."""
    monkeypatch.setattr("harness.break_and_heal._LOOK_FIRST_SECONDS", 0.2)
    well, sick = pair

    def no_container() -> bool:
        raise trouble

    for _ in range(2):  # which lane looks first is luck
        together = Together(2)
        with ThreadPoolExecutor(2) as pool:
            fault = Ends(shared=True, is_gone=no_container)
            fails = pool.submit(sick.run, fault, together=together)
            goes_on = pool.submit(well.run, Ends(shared=True), together=together)
            with pytest.raises(type(trouble)):
                fails.result(10)
            assert goes_on.result(10).of(FaultVerified)


def test_what_is_started_anew_for_one_lane_is_told_in_all(
    pair: tuple[Setting, Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their clients feel it, too, and nothing else would explain that."""
    monkeypatch.setattr("harness.break_and_heal._LOOK_FIRST_SECONDS", 0.2)
    monkeypatch.setattr("harness.break_and_heal._VERIFY_WITHIN_SECONDS", 0.2)
    restarts: list[str] = []

    def restart(what: Undo, engine: object) -> str:
        restarts.append("postgres")
        return "restarted"

    monkeypatch.setattr("harness.break_and_heal.undo_hard", restart)
    undo = Unpause(container="c0ffee")
    well, sick = pair
    together = Together(2)
    with ThreadPoolExecutor(2) as pool:
        stuck = Ends(shared=True, undo=undo, is_gone=lambda: bool(restarts))
        one = pool.submit(sick.run, stuck, together=together)
        fine = Ends(shared=True, undo=undo)
        two = pool.submit(well.run, fine, together=together)
        told = [one.result(10), two.result(10)]

    assert restarts == ["postgres"]
    for its in told:
        steps = [each.step for each in its.of(FaultHealed)]
        assert steps == ["soft", "restarted"]
        assert its.of(FaultVerified)[-1].time >= its.of(FaultHealed)[-1].time


def test_a_fault_is_not_begun_once_the_scenario_is_stopped(setting: Setting) -> None:
    """Its condition was met, and it waited for other lanes."""
    stop, hits = threading.Event(), list[str]()
    setting.happens(REACHED)
    fault = Ends(on_aim=stop.set, on_inject=lambda: hits.append("hit"))
    told = setting.run(fault, stop=stop)

    assert not hits
    assert not told.of(FaultInjected)
    (failed,) = told.of(FaultFailed)
    assert failed.because == "the scenario was stopped before it"


def test_a_lane_that_never_comes_holds_nobody_up(
    tmp_path: Path, setting: Setting
) -> None:
    """What all share is hit without it."""
    (tmp_path / "other").mkdir()
    other = _setting(tmp_path / "other")
    together = Together(2)
    with ThreadPoolExecutor(2) as pool:
        setting.happens(REACHED)
        comes = pool.submit(setting.run, Ends(shared=True), together=together)
        never = pool.submit(
            other.run, Ends(shared=True), stopped=True, together=together
        )
        assert len(never.result(10).of(FaultFailed)) == 1
        assert len(comes.result(10).of(FaultVerified)) == 1


def test_a_full_disk_keeps_no_fault_from_its_heal(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more can be written down, and the fault is undone all the same."""
    heals: list[str] = []
    record = setting.cell.recorder.record

    def no_space(event: AnyEvent) -> None:
        if not isinstance(event, FaultInjected):
            raise EvidenceNotWritten("no space left on device")
        record(event)

    monkeypatch.setattr(setting.cell.recorder, "record", no_space)
    setting.happens(REACHED)
    with pytest.raises(EvidenceNotWritten):
        setting.run(Ends(on_heal=lambda: heals.append("healed")))

    assert heals == ["healed"]


def test_two_faults_on_one_thing_come_one_after_the_other(setting: Setting) -> None:
    """Else the first would undo the second, and the second bring back the first."""
    setting.happens(REACHED)
    second_aims = threading.Event()
    undo = Unpause(container="gone")

    def begin_second() -> None:
        second.submit(
            break_and_heal,
            setting.cell,
            "second",
            Ends(undo=undo, on_aim=second_aims.set),
            threading.Event(),
            Together(1),
        )
        assert second_aims.wait(10)

    setting.cell.arm(WHEN)
    with ThreadPoolExecutor(1) as second:
        break_and_heal(
            setting.cell,
            "first",
            Ends(undo=undo, on_inject=begin_second),
            threading.Event(),
            Together(1),
        )
    told = history.read(setting.cell.recorder.path)
    (first, its) = told.of(FaultInjected)
    (verified, _) = told.of(FaultVerified)
    assert (first.fault, its.fault) == ("first", "second")
    assert verified.fault == "first"
    assert verified.time <= its.time


def test_a_fault_that_another_one_was_in_the_way_of_never_came(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and what the other one has stays its own."""
    monkeypatch.setattr("harness.break_and_heal._CONDITION_WITHIN_SECONDS", 0.2)
    setting.happens(REACHED)
    undo = Unpause(container="gone")
    assert setting.cell.take("other", undoing.puts_back(undo))
    told = setting.run(Ends(undo=undo))

    (failed,) = told.of(FaultFailed)
    assert failed.because == "another fault was in the way all the time"
    assert not told.of(FaultInjected)
    assert not setting.cell.is_free(undoing.puts_back(undo))
