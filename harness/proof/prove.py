"""Carries out a proof: plants the defects, conducts their stories, counts who is found.

It exists as the one place that knows the order of things: a stack in which each defect
has a lane, its stories all at once, seed after seed; then another with the real
designs and nothing wrong at all. What was found so far is on disk after each seed.
"""

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from harness import run_folder
from harness.clock import now
from harness.designs import Design, find_designs
from harness.proof import tally
from harness.proof.defects import Defect, with_neighbours
from harness.proof.plant import plant
from harness.proof.stories import STORIES
from harness.report.evidence import judge_scenario
from harness.report.outputs import write
from harness.run import Run, conduct
from harness.scenario import Story, read_story
from harness.stack import stack as stacks
from harness.stack.lane_plan import LanePlan
from harness.stack.standing import standing

Tell = Callable[[str], None]
# More than two cores can start together before one of them runs into a time-out.
_LANES_AT_ONCE = 8
# Which designs have a lane in which story.
Cast = Sequence[tuple[Story, Sequence[str]]]


@dataclass(slots=True, kw_only=True)
class Prover:
    """One proof under way. `reports` is where its folder goes."""

    project: Path
    defects: Sequence[Defect]
    reports: Path
    command: str
    tell: Tell
    folder: Path = field(init=False)
    seen: list[tally.Sighting] = field(init=False, default_factory=list)
    begun: float = field(init=False, default_factory=now)

    def __post_init__(self) -> None:
        self.folder = run_folder.create(self.reports)

    def plant_and_find(self, seeds: Sequence[int]) -> None:
        """Run every defect and neighbour through its story, once for each seed."""
        planted = with_neighbours(self.defects)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "planted"
            plant(self.project, copy, planted)
            for cast in _casts(planted):
                self._run(copy, cast, seeds)

    def run_clean(self, seeds: Sequence[int]) -> None:
        """Run the real designs through the baseline, once for each seed."""
        source = self.project / "scenarios" / "test_baseline.py"
        story = read_story(source, self.project)
        self._run(self.project, [(story, list(find_designs(self.project)))], seeds)

    def _run(self, project: Path, cast: Cast, seeds: Sequence[int]) -> None:
        designs = find_designs(project)
        names = [name for _, lanes in cast for name in lanes]
        if not (names and seeds):
            return
        plans = [LanePlan(design=name) for name in names]
        with standing(project, plans, self.tell) as stack:
            for seed in seeds:
                self._one_seed(stack, cast, designs, seed)

    def _one_seed(
        self,
        stack: stacks.Stack,
        cast: Cast,
        designs: Mapping[str, Design],
        seed: int,
    ) -> None:
        """Conduct all stories side by side: no lane is in two of them."""
        stops = [threading.Event() for _ in cast]
        # Not left by `with`: after Ctrl-C, nobody shall wait for stories to settle.
        pool = ThreadPoolExecutor(len(cast))
        try:
            stories = {
                pool.submit(
                    conduct,
                    stack,
                    story,
                    {name: designs[name] for name in lanes},
                    Run(
                        # Its last four letters begin every key of the run.
                        id=f"{self.folder.name}-s{seed:03}",
                        folder=self.folder / f"seed-{seed}",
                        seed=seed,
                        command=self.command,
                        tell=lambda _: None,
                        stop=stop,
                    ),
                ): story
                for (story, lanes), stop in zip(cast, stops, strict=True)
            }
            for conducted in as_completed(stories):
                conducted.result()
                self._judge(stories[conducted], seed)
        finally:
            for stop in stops:
                stop.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _judge(self, story: Story, seed: int) -> None:
        """Judge a story's cells, say what was found, and put it on disk."""
        cells = [
            tally.sighting(cell, seed=seed)
            for cell in judge_scenario(self.folder / f"seed-{seed}", story.name)
        ]
        self.seen += cells
        for cell in cells:
            harm = f" ({', '.join(cell.harm)})" if cell.harm else ""
            self.tell(
                f"seed {seed}: {cell.story} × {cell.design}: {cell.verdict.value}{harm}"
            )
        proof = self.proof()
        write(self.folder / "proof.json", tally.encode(proof))
        write(self.folder / "proof.md", tally.table(proof).encode())

    def proof(self) -> tally.Proof:
        """Return what was found so far."""
        broken = {each.name for each in self.defects}
        return tally.Proof(
            id=self.folder.name,
            command=self.command,
            seconds=round(now() - self.begun, 1),
            host=run_folder.this_host(),
            defects=tuple(tally.count(each, self.seen) for each in self.defects),
            waiting=tally.waiting(),
            clean=tuple(cell for cell in self.seen if cell.design not in broken),
        )


def _casts(planted: Sequence[Defect]) -> Sequence[Cast]:
    """Give each defect a lane in its story, and share the stories out to stacks.

    Where nothing else goes wrong, the designs that they start from run beside them.
    """
    casts: list[list[tuple[Story, list[str]]]] = []
    free = 0
    for story in STORIES.values():
        here = [each for each in planted if each.story == story.name]
        starts = () if story.scenario.faults else {each.start for each in here}
        lanes = [*sorted(starts), *(each.name for each in here)]
        if not lanes:
            continue
        if len(lanes) > free:
            casts.append([])
            free = _LANES_AT_ONCE
        casts[-1].append((story, lanes))
        free -= len(lanes)
    return casts
