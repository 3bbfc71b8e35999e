"""A session of scenarios: the stack up once, each scenario conducted once, a report.

It exists so that whoever runs scenarios (pytest today) has three things to do: ask
for cells, take their results, and finish. Whatever happens in between, finishing
heals, removes and writes the report of what ran.
"""

import contextlib
import os
import secrets
import signal
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import msgspec

from harness import ci, run_folder, shards
from harness.clock import now, wall
from harness.designs import check_imports
from harness.errors import (
    EvidenceNotWritten,
    HarnessError,
    NotPossibleHere,
    UsageError,
)
from harness.history import NotRun, RunFacts, Shard
from harness.report.evidence import (
    judge_cells,
    judge_run,
    judge_scenario,
    results_of,
)
from harness.report.results import CellResult
from harness.run import Run, conduct
from harness.scenario import Story
from harness.selection import CellAsked, why_not, why_not_beside
from harness.stack import needs, open_faults
from harness.stack import stack as stacks
from harness.stack.setup import set_up_versions
from harness.terminal.end import Ending, last_lines, without
from harness.terminal.state import RunState
from harness.terminal.terminal import Terminal, View

_BROKE = 1
_INTERRUPTED = 2
_HARNESS_FAILED = 3


class ScenarioSession:
    """One run, shown by `view`."""

    def __init__(
        self,
        *,
        project: Path,
        reports: Path,
        asked: Sequence[CellAsked],
        selected: Sequence[Story],
        seed: int | None,
        keep_stack: bool,
        command: str,
        view: View,
        shard: Shard | None = None,
        no_verdict: ci.NoVerdict = "fail",
    ) -> None:
        self._project = project
        # Several tests may look at one cell; it is conducted once all the same.
        self._asked = list({cell.name: cell for cell in asked}.values())
        # Of all shards: what is not possible does not depend on who runs it.
        self._selected = selected
        self._keep_stack = keep_stack
        self._begun = now()
        self._stop = threading.Event()
        self._scenario_runs = False
        self._interrupted = False
        self._stopping = False
        self._stack: stacks.Stack | None = None
        self._results: dict[tuple[str, str], CellResult] = {}
        self._impossible: dict[tuple[str, str], str | None] = {}
        self._conducted: set[str] = set()
        self._exit_code = 0
        self._failed_with = 0
        self._no_verdict: ci.NoVerdict = no_verdict
        # What a CI service, or whoever mends us, is to be told, line by line.
        self.announced: Sequence[str] = ()
        self._troubles: list[str] = []
        self._unhealed: list[str] = []
        self.folder = run_folder.create(reports)
        self._facts = RunFacts(
            id=self.folder.name,
            seed=_seed(seed, shard),
            started_at=wall(),
            command=command,
            host=run_folder.this_host(),
            scenarios=tuple(dict.fromkeys(cell.story.name for cell in self._asked)),
            designs=tuple(dict.fromkeys(c.lane.design.name for c in self._asked)),
            cells=tuple(cell.name for cell in self._asked),
            shard=shard,
        )
        self._save_facts()
        self._terminal = Terminal(
            view,
            RunState(
                run=self._facts.id,
                seed=self._facts.seed,
                begun=self._begun,
                cells=self._facts.cells,
                planned={
                    cell.story.name: cell.story.scenario.expected_seconds
                    for cell in self._asked
                },
            ),
        )
        self._handlers = {
            number: signal.signal(number, self._interrupt)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        self._handlers[signal.SIGUSR1] = signal.signal(
            signal.SIGUSR1, lambda *_: self._terminal.say_how_it_stands()
        )

    def result(self, cell: CellAsked) -> CellResult:
        """Return the cell's result, conducting its scenario when it is the first.

        Raises NotPossibleHere for a scenario that this machine cannot do, any other
        HarnessError when the harness itself failed.
        """
        name = cell.story.name
        try:
            if because := self._why_not(cell):
                raise NotPossibleHere(because)
            if name not in self._conducted:
                with self._terminal.shown():
                    self._conduct(cell.story)
        except NotPossibleHere:
            raise
        except HarnessError as error:
            self._failed_with = error.exit_code
            self._note(harness_error=str(error))
            raise
        except Exception as crash:  # a crash of ours must become exit code 3
            self._note(harness_error="".join(traceback.format_exception(crash)))
            raise HarnessError(
                f"the harness crashed: {crash!r}; run.json has the traceback"
            ) from crash
        if cell.name not in self._results:
            raise HarnessError(f"{' × '.join(cell.name)} left no history to judge")
        return self._results[cell.name]

    def _conduct(self, story: Story) -> None:
        designs = {
            cell.lane.plan.name: cell.lane.design
            for cell in self._asked
            if cell.story.name == story.name and not self._why_not(cell)
        }
        stack = self._stack or self._start_stack()
        self._terminal.begin_scenario(
            story.name,
            story.claim,
            list(designs),
            [name for name, _ in story.faults()],
        )
        self._conducted.add(story.name)
        self._stop = threading.Event()
        with self._running_a_scenario():
            conduct(
                stack,
                story,
                designs,
                Run(
                    id=self._facts.id,
                    folder=self.folder,
                    seed=self._facts.seed,
                    command=self._facts.command,
                    tell=lambda line: self._terminal.tell(f"{story.name}: {line}"),
                    stop=self._stop,
                    watch=self._terminal.watch,
                ),
            )
            self._terminal.come_to("judge")
            results = judge_scenario(self.folder, story.name)
            self._results |= {(story.name, each.lane): each for each in results}
            self._terminal.judged(results)

    def _start_stack(self) -> stacks.Stack:
        part = f", shard {self._facts.shard}" if self._facts.shard else ""
        self._terminal.tell(f"run {self._facts.id}, seed {self._facts.seed}{part}")
        self._terminal.begin("starting the stack")
        self._terminal.leave_out(
            [cell.name for cell in self._asked if self._why_not(cell)]
        )
        designs = {cell.lane.design.name: cell.lane.design for cell in self._asked}
        check_imports(self._project, list(designs.values()))
        lanes = list(dict.fromkeys(cell.lane.plan for cell in self._asked))
        set_up_versions(self._project, lanes, self._terminal.tell)
        stack = self._stack = stacks.up(
            self._project,
            lanes=lanes,
            keep=self._keep_stack,
            tell=self._terminal.tell,
            fittings=self._fittings(),
        )
        self._terminal.tell("the stack is up")
        by_celery = {f"@{lane.celery}": stack.versions[lane.name] for lane in lanes}
        self._note(versions=run_folder.told_apart(by_celery), images=stack.images)
        return stack

    def _why_not(self, cell: CellAsked) -> str | None:
        """Say why a cell is not possible here, or not beside others; None if it is.

        Found out once. Raises EngineMissing where only the engine could tell.
        """
        if cell.name not in self._impossible:
            self._impossible[cell.name] = why_not_beside(
                cell.story, self._selected
            ) or why_not(cell.story, cell.lane.design)
        return self._impossible[cell.name]

    def _fittings(self) -> set[str]:
        """Return what the faults of all that is to be run need of the stack."""
        faults = (
            fault
            for cell in self._asked
            if not self._why_not(cell)
            for _, fault in cell.story.faults()
        )
        return {need for fault in faults for need in fault.needs} & needs.FITTINGS

    # --- interruption ---------------------------------------------------------

    @contextlib.contextmanager
    def _running_a_scenario(self) -> Iterator[None]:
        self._scenario_runs = True
        try:
            yield
        finally:
            self._scenario_runs = False

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        """First Ctrl-C: end after the running scenario. Second: heal and go at once."""
        first, self._interrupted = not self._interrupted, True
        if first and self._scenario_runs and number == signal.SIGINT:
            self._terminal.answer(
                "Ctrl-C: the running scenario ends first; once more to heal and "
                "remove at once"
            )
        elif self._stopping:
            self._terminal.answer("Healing and removing: that must not be interrupted")
        else:
            self._stopping = True
            self._stop.set()
            self._terminal.answer("healing and removing at once")
            raise KeyboardInterrupt

    def ends_before(self, cell: CellAsked | None) -> bool:
        """Say whether this cell, the next one, is not to run: its scenario is new."""
        return self._interrupted and (
            cell is None or cell.story.name not in self._conducted
        )

    # --- the end --------------------------------------------------------------

    def finish(self, *, interrupted: bool, crashed: str | None = None) -> int:
        """Remove the stack, write the report, return the exit code of design.md §8.

        `crashed` says how whoever runs the scenarios failed, if it did. Ctrl-C does
        nothing any more: what remains is healing, removing and writing.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        try:
            with self._terminal.shown():
                self._finish(
                    interrupted=interrupted or self._interrupted, crashed=crashed
                )
            # Of shards, a CI is told when they are merged.
            environment = {} if self._facts.shard else os.environ
            self.announced = ci.announce(self.folder, environment, self._no_verdict)
            self._point_latest()
        except Exception as error:  # noqa: BLE001 - without a report no run is good
            if not isinstance(error, EvidenceNotWritten | OSError):
                self.announced = traceback.format_exc().splitlines()
            self._troubles.append(f"the report could not be written: {error}")
            self._exit_code = _BROKE if is_broken(self.folder) else _HARNESS_FAILED
        return self._exit_code

    def _point_latest(self) -> None:
        """Let `latest` name this run; that it cannot is a failure like any other."""
        try:
            run_folder.point_latest_at(self.folder)
        except EvidenceNotWritten as error:
            self._troubles.append(str(error))
            if self._exit_code not in (_BROKE, _INTERRUPTED, UsageError.exit_code):
                self._exit_code = _HARNESS_FAILED

    def close(self) -> None:
        """Let signals mean what they meant before: nothing is left to be heard of."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _finish(self, *, interrupted: bool, crashed: str | None) -> None:
        self._leave_stack()
        self._terminal.begin("writing the report")
        self._note(
            seconds=now() - self._begun,
            interrupted=interrupted,
            harness_error=self._facts.harness_error or crashed,
            not_run=tuple(
                NotRun(
                    scenario=cell.story.name,
                    design=cell.lane.design.name,
                    lane=cell.lane.plan.name,
                    because=because or "the run ended before it",
                )
                for cell in self._asked
                # Not asked again: the engine may be what the run ended for.
                if (because := self._impossible.get(cell.name))
                or cell.story.name not in self._conducted
            ),
        )
        code = judge_run(self.folder, tell=self._troubles.append)
        self._exit_code = ci.exit_code(code, self._no_verdict)
        if self._failed_with == UsageError.exit_code:
            # Nothing failed: what the user wrote cannot be run.
            self._exit_code = self._failed_with

    def _leave_stack(self) -> None:
        if self._stack is None:
            return
        self._terminal.begin("leaving the stack")
        still_on = open_faults.read(self._stack.session.folder)
        try:
            left = stacks.leave(self._stack, self._terminal.tell)
        except Exception as error:  # noqa: BLE001 - what ran is reported all the same
            self._note(harness_error=f"the stack could not be removed: {error}")
            left = ["whatever was started"]
        if left:
            self._troubles.append(
                f"the engine still holds on to {', '.join(left)}; try `harness recover`"
            )
            self._unhealed = [f"{each.name} of {each.lane}" for each in still_on]

    def last_lines(self, *, exit_code: int, coloured: bool) -> list[str]:
        """Return the run's end in a few lines, the worst first."""
        if self._terminal.failure:
            failure = self._terminal.failure.strip().splitlines()[-1]
            self._troubles.append(f"what happened could not be shown: {failure}")
        ending = Ending(
            exit_code=exit_code,
            report=str(self.folder / "index.html"),
            troubles=self._troubles,
            unhealed=self._unhealed,
        )
        try:
            written = (self.folder / "results.json").exists()
            result = results_of(self.folder) if written else judge_cells(self.folder)
        except Exception as error:  # noqa: BLE001 - the exit code is known, and stays
            return [f"what was found cannot be told: {error!r}", *without(ending)]
        return last_lines(result, ending, coloured=coloured)

    # --- facts ----------------------------------------------------------------

    def _note(self, **changes: object) -> None:
        self._facts = msgspec.structs.replace(self._facts, **changes)
        self._save_facts()

    def _save_facts(self) -> None:
        run_folder.write_facts(self.folder, self._facts)


def is_broken(folder: Path) -> bool:
    """Say whether a promise is known to be broken: that goes before all else."""
    try:
        return judge_cells(folder).exit_code == _BROKE
    except Exception:  # noqa: BLE001 - what cannot be judged is said elsewhere
        return False


def _seed(asked: int | None, shard: Shard | None) -> int:
    """Return the run's seed; where none is asked for, shards agree on one."""
    if asked is not None:
        return asked
    return secrets.randbelow(9999) + 1 if shard is None else shards.SEED
