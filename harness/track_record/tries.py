"""Carries out the tries: each entry's story with its design, again and again.

It exists as the one place that knows the order of things: a stack with several lanes of
one design, each of which tries the story by itself with a seed of its own. A fault on
what all lanes share would hit every try at once: such a story has one lane, and one try
after the other.
"""

import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness.clock import today
from harness.designs import Design, find_designs
from harness.report.evidence import judge_cell
from harness.report.results import CellResult
from harness.run import Run, conduct
from harness.scenario import Story, read_story
from harness.selection import why_not
from harness.stack.lane_plan import LanePlan
from harness.stack.progress import Tell
from harness.stack.stack import Stack
from harness.stack.standing import standing
from harness.stack.versions import parse
from harness.track_record import record
from harness.track_record.entries import Entry
from harness.verdict import CellVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """A counting under way. `folder` is where the evidence of all tries goes.

    `lanes` is how many tries go on at once. `commit` is the project's.
    """

    project: Path
    tries: int
    lanes: int
    command: str
    tell: Tell
    folder: Path
    commit: str

    def count(self, entries: Sequence[Entry]) -> None:
        """Try each entry; what was counted is on disk after each of them."""
        for same in _alike(entries):
            plans = self._plans(same[0])
            possible = [entry for entry in same if self._is_possible(entry)]
            if not possible:
                continue
            with standing(self.project, plans, self.tell) as stack:
                for entry in possible:
                    tally = self._try(stack, plans, entry)
                    tallies = record.put(record.read(), tally)
                    record.write(tallies, self.project / "README.md")
                    self.tell(f"{entry.name}: {tally.shown} of {tally.of}")

    def _plans(self, entry: Entry) -> list[LanePlan]:
        """Return as many lanes as are to be tried at once."""
        celery = parse(entry.celery)[0] if entry.celery else None
        return [
            LanePlan(design=entry.design, celery=celery, number=number)
            for number in range(1, min(self.lanes, self.tries) + 1)
        ]

    def _is_possible(self, entry: Entry) -> bool:
        because = why_not(self._story(entry), self._design(entry))
        if because is not None:
            self.tell(f"{entry.name}: not counted: {because}")
        return because is None

    def _story(self, entry: Entry) -> Story:
        source = self.project / "scenarios" / f"test_{entry.story}.py"
        return read_story(source, self.project)

    def _design(self, entry: Entry) -> Design:
        return find_designs(self.project)[entry.design]

    def _try(
        self, stack: Stack, plans: Sequence[LanePlan], entry: Entry
    ) -> record.Tally:
        """Try an entry as often as asked for, in its lanes; say what was seen."""
        story = self._story(entry)
        design = self._design(entry)
        shared = any(fault.shared for _, fault in story.faults())
        lanes = [plan.name for plan in (plans[:1] if shared else plans)]
        seeds = range(1, self.tries + 1)
        over = threading.Event()
        # Not left by `with`: after Ctrl-C, nobody shall wait for the tries to end.
        pool = ThreadPoolExecutor(len(lanes))
        try:
            tried = [
                pool.submit(
                    self._try_in,
                    stack,
                    entry,
                    story,
                    design,
                    lane,
                    seeds[first :: len(lanes)],
                    over,
                )
                for first, lane in enumerate(lanes)
            ]
            cells = [cell for each in tried for cell in each.result()]
        finally:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
        shown = sum(is_shown(cell, entry.shows) for cell in cells)
        seen = record.Seen(
            commit=self.commit, date=today(), versions=stack.versions[lanes[0]]
        )
        return record.Tally(
            entry=entry.name,
            story=entry.story,
            design=entry.design,
            celery=entry.celery,
            shows=entry.shows,
            shown=shown,
            of=len(cells),
            without_verdict=sum(c.verdict is CellVerdict.NONE for c in cells),
            last_shown=seen if shown else None,
        )

    def _try_in(
        self,
        stack: Stack,
        entry: Entry,
        story: Story,
        design: Design,
        lane: str,
        seeds: Sequence[int],
        over: threading.Event,
    ) -> list[CellResult]:
        """Try a story in one lane, once with each of these seeds, unless it is over."""
        cells: list[CellResult] = []
        for seed in seeds:
            if over.is_set():
                break
            folder = self.folder / entry.name / f"try-{seed:02}"
            run = Run(
                # Its last four letters begin every key of the run.
                id=f"{self.folder.name}-t{seed:03}",
                folder=folder,
                seed=seed,
                command=self.command,
                tell=lambda _: None,
                stop=threading.Event(),  # of this run alone: it sets it at its end
            )
            conduct(stack, story, {lane: design}, run)
            cell = judge_cell(folder, story.name, lane)
            how = "shown" if is_shown(cell, entry.shows) else "not shown"
            self.tell(f"{entry.name}: try {seed}: {cell.verdict.value}, {how}")
            cells.append(cell)
        return cells


def is_shown(cell: CellResult, harm: str) -> bool:
    """Say whether a cell with a verdict shows the anomaly, with its cause if named."""
    kind, _, cause = harm.partition(": ")
    return cell.verdict is not CellVerdict.NONE and any(
        anomaly.kind == kind and cause in ("", each.cause)
        for found in cell.guarantees.values()
        for anomaly in (*found.anomalies, *found.excused)
        for each in anomaly.causes
    )


def _alike(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Gather the entries of one design and one Celery: they share a stack."""
    gathered: dict[tuple[str, str | None], list[Entry]] = {}
    for entry in entries:
        gathered.setdefault((entry.design, entry.celery), []).append(entry)
    yield from gathered.values()


def commit_of(project: Path) -> str:
    """Return the project's commit, with + where files differ from it."""
    command = ("git", "describe", "--always", "--dirty=+", "--abbrev=9", "--exclude=*")
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else "unknown"
