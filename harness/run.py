"""The conductor: carries out one scenario in all its lanes, and writes it all down.

It exists as the one place where the parts meet while things happen. `conduct` reads
top to bottom as a run goes: reset, warm up, submit, break, heal, settle, read. What
it leaves is a history per cell; it judges nothing.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import psutil

from harness import history
from harness.break_and_heal import break_and_heal
from harness.cell import Cell, Tell
from harness.clock import now, stopped_by, wait_until, wall
from harness.designs import Design
from harness.errors import HarnessError, StackLost
from harness.faults import Fault
from harness.history import AnyEvent, FaultAsked, MachineSeen
from harness.phases import read_ledgers, settle, warm_up
from harness.recorder import Recorder
from harness.scenario import Story
from harness.stack.reset import reset
from harness.stack.services import save_log
from harness.stack.stack import Stack
from harness.together import Together
from harness.workload.client import LaneClient, Running, start
from harness.workload.plan import plan

_SAMPLE_EVERY_SECONDS = 0.5
# On a slow machine a fault may come, or be felt, so late that the workload is over:
# then clients go on until it is healed, for so long at most.
_OVERTIME_SECONDS = 45.0
# Slack for the workload's last requests to reach their deadline.
_LAST_REQUESTS_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What all cells of a run share. Setting `stop` ends the scenario at once.

    `watch` is shown each event of each lane's history as it is written.
    """

    id: str
    folder: Path
    seed: int
    command: str
    tell: Tell
    stop: threading.Event
    watch: Callable[[str, AnyEvent], None] = lambda _, __: None


def conduct(
    stack: Stack, story: Story, designs: Mapping[str, Design], run: Run
) -> None:
    """Carry out the scenario in these lanes, lane -> design; leave a history of each.

    A lane that fails has no verdict and does not stop the others. Raises
    EvidenceNotWritten when a history cannot be written.
    """
    begun = wall()
    with contextlib.ExitStack() as closing:
        cells = [
            closing.enter_context(_open_cell(stack, story, lane, designs, run))
            for lane in designs
        ]
        lanes = closing.enter_context(
            _Lanes(cells, faults=len(story.faults()), stop=run.stop)
        )
        closing.callback(run.stop.set)  # whatever comes, faults heal before the end

        lanes.do("reset", _reset)
        lanes.do("warm_up", warm_up)
        _arm_breakpoints(lanes.alive, story, closing)
        with _sampling(cells), _clients(cells, story, run) as clients:
            lanes.begin("workload")
            faults = [
                lanes.go(cell, break_and_heal, cell, name, fault, run.stop, together)
                for name, fault in story.faults()
                for cell, together in _hit_by(fault, lanes.alive)
            ]
            _wait_for_the_workload(clients, lanes.alive, faults, story, run)
            lanes.do("settle", settle)
        lanes.do("final_read", read_ledgers)
        for cell in cells:
            cell.recorder.end()
        _save_logs(stack, cells, since=begun)


class _Lanes:
    """The scenario's lanes, worked on side by side."""

    def __init__(
        self, cells: Sequence[Cell], *, faults: int, stop: threading.Event
    ) -> None:
        self._cells = cells
        self._stop = stop
        # A thread for each fault of each lane: one that had to queue would come late.
        self._pool = ThreadPoolExecutor(len(cells) * (faults + 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def alive(self) -> list[Cell]:
        """The cells that have not failed."""
        return [cell for cell in self._cells if cell.failure is None]

    def begin(self, phase: str) -> None:
        """Write down in every lane that a phase began."""
        for cell in self.alive:
            cell.begin(phase)

    def do(self, phase: str, work: Callable[[Cell], None]) -> None:
        """Do a phase's work in all lanes at once, and wait for all of them.

        The run's `stop` ends it at once, and fails the lanes that are not done.
        """
        self.begin(phase)

        def stoppable(cell: Cell) -> None:
            with stopped_by(self._stop):
                work(cell)

        for future in [self.go(cell, stoppable, cell) for cell in self.alive]:
            future.result()

    def go(
        self, cell: Cell, work: Callable[..., None], *arguments: object
    ) -> Future[None]:
        """Start work in one lane; its failure is that cell's alone."""

        def alone() -> None:
            with cell.failing_alone():
                work(*arguments)

        return self._pool.submit(alone)


@contextlib.contextmanager
def _open_cell(
    stack: Stack, story: Story, lane: str, designs: Mapping[str, Design], run: Run
) -> Iterator[Cell]:
    """Open a cell's history and write its first event."""
    design, versions = designs[lane], stack.versions[lane]
    folder = run.folder / story.name / lane
    cell = Cell(
        design=design,
        lane=stack.lanes[lane],
        recorder=Recorder(folder / "history.jsonl", watch=partial(run.watch, lane)),
        key_prefix=f"{run.id[-4:]}-{story.name}",
        session_folder=stack.session.folder,
        tell=run.tell,
    )
    scenario = story.scenario
    cell.recorder.record(
        history.Cell(
            time=now(),
            schema_version=history.SCHEMA_VERSION,
            run=run.id,
            wall=wall(),
            scenario=story.name,
            claim=story.claim,
            source=story.source,
            design=design.name,
            design_source=design.source,
            lane=lane,
            celery=str(stack.lanes[lane].celery or versions["celery"]),
            lanes=tuple(designs),
            promises=dict(design.promises),
            bites={
                name: tuple(sorted(kinds)) for name, kinds in scenario.bites.items()
            },
            bites_in=dict(scenario.bites_in),
            limits=dict(scenario.limits),
            floors=scenario.floors,
            faults=tuple(
                FaultAsked(name=name, type=fault.type, sentence=fault.sentence)
                for name, fault in story.faults()
            ),
            workload=str(scenario.workload),
            key_prefix=cell.key_prefix,
            recovery_seconds=design.recovery_seconds,
            seed=run.seed,
            command=run.command,
            versions=versions,
        )
    )
    try:
        yield cell
    finally:
        cell.recorder.close()


def _reset(cell: Cell) -> None:
    """Make the lane as good as new; what ran until then was another scenario's."""
    reset(cell.lane, cell.tell)
    cell.lane.attempts.begin()


def _arm_breakpoints(
    cells: Sequence[Cell], story: Story, closing: contextlib.ExitStack
) -> None:
    """Arm them before any job of the workload can pass; let all go in the end."""
    for cell in cells:
        for _, fault in story.faults():
            closing.callback(cell.let_go, fault.when)
            cell.arm(fault.when)


def _hit_by(fault: Fault, cells: Sequence[Cell]) -> Iterator[tuple[Cell, Together]]:
    """Yield each cell with whom the fault hits at once: all of them, or it alone."""
    everybody = Together(len(cells))
    for cell in cells:
        yield cell, everybody if fault.shared else Together(1)


# --- workload -----------------------------------------------------------------


@contextlib.contextmanager
def _clients(cells: Sequence[Cell], story: Story, run: Run) -> Iterator[Running]:
    """Let clients submit the workload while the block runs; then end what is left."""
    by_name = {cell.lane.name: cell for cell in cells}
    plans = {
        cell.lane.name: LaneClient(
            base_url=cell.lane.web_url(),
            plan=plan(
                story.scenario.workload,
                seed=run.seed,
                key_prefix=cell.key_prefix,
                overtime_seconds=_OVERTIME_SECONDS,
            ),
        )
        for cell in cells
        if cell.failure is None
    }
    clients = start(
        plans,
        lambda lane, event: by_name[lane].recorder.record(event),
        overtime=True,
    )
    for cell in cells:
        cell.accepted_now = clients.accepted
    try:
        yield clients
    finally:
        clients.stop()


def _wait_for_the_workload(
    clients: Running,
    cells: Sequence[Cell],
    faults: Sequence[Future[None]],
    story: Story,
    run: Run,
) -> None:
    """Wait until every submission has ended and every fault has run its course.

    Clients go on while a fault of their lane is to come, or is on.
    """

    def over() -> bool:
        if clients.failure is not None:
            raise HarnessError(f"the clients crashed: {clients.failure!r}")
        for cell in cells:
            if len(cell.faults_over) == len(story.faults()):
                clients.end_overtime(cell.lane.name)
        return run.stop.is_set() or (
            clients.ended and all(fault.done() for fault in faults)
        )

    wait_until(
        over,
        within_seconds=story.scenario.workload.ends_at_seconds
        + _OVERTIME_SECONDS
        + sum(fault.for_seconds for fault in story.scenario.faults)
        + _LAST_REQUESTS_SECONDS,
    )
    if not run.stop.is_set():
        for fault in faults:
            fault.result()


# --- evidence -----------------------------------------------------------------


@contextlib.contextmanager
def _sampling(cells: Sequence[Cell]) -> Iterator[None]:
    """Sample the machine and each lane's queues into its history, in the block."""
    over = threading.Event()

    def sample() -> None:
        since = now()
        psutil.cpu_times_percent()  # each call tells of the time since the last
        while not over.wait(_SAMPLE_EVERY_SECONDS):
            time = now()
            times = psutil.cpu_times_percent()
            idle = (times.idle + getattr(times, "iowait", 0)) / 100
            seen = MachineSeen(time=time, since=since, idle=round(idle, 3))
            since = time
            for cell in cells:
                cell.recorder.record(seen)
                # A broker that is down cannot be sampled; the gap says so.
                with contextlib.suppress(StackLost):
                    for queue in cell.look_at_queues():
                        cell.recorder.record(queue)

    with ThreadPoolExecutor(1) as pool:
        sampler = pool.submit(sample)
        try:
            yield
        finally:
            over.set()
        sampler.result()


def _save_logs(stack: Stack, cells: Sequence[Cell], *, since: float) -> None:
    """Keep what each container wrote during the scenario, beside the histories."""
    for cell in cells:
        folder = cell.recorder.path.parent
        for role, container in cell.lane.roles.items():
            save_log(container, folder / f"{role}.log", since=since)
    for service, container in stack.services.items():
        save_log(container, folder.parent / "services" / f"{service}.log", since=since)
