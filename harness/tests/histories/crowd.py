"""A large run for tests of the report: many cells with thousands of jobs each.

It is folded once and shown under many names, so that it is made in two seconds: what
is tested is the page, which draws each of them anew.
"""

import random
from collections.abc import Mapping

from msgspec.structs import replace

from harness.fates import fold
from harness.history import Cell
from harness.report.exhibits import Exhibit
from harness.report.logs import LINE_LENGTH, LINES, Excerpt
from harness.report.results import RESULTS_VERSION, RunPart, RunResult
from harness.report.scene import look
from harness.tests.histories import damage
from harness.tests.histories.build import (
    FINAL_READ,
    Facts,
    cell,
    facts,
    history,
    job,
    promising,
    sealed,
)
from harness.tests.histories.judged import judged

_STUCK_FROM = 2 / 5


def crowd(jobs: int, *, stuck: int) -> Facts:
    """Return a cell whose jobs come within a minute; so many in a row are stuck."""
    luck = random.Random(7)
    events = facts(0, asked=cell(promises=promising("every_job_starts")))
    first = int(jobs * _STUCK_FROM)
    for number in range(1, jobs + 1):
        begun, slowness = 1001 + 60 * number / jobs, luck.lognormvariate(1, 1)
        one = [
            replace(each, time=begun + slowness * (each.time - begun))
            if each.time < FINAL_READ
            else each
            for each in job(number, at=begun)
        ]
        harmed = first <= number < first + stuck
        events += damage.stranded_pending(one, number) if harmed else one
    return events


def large_run(
    *, scenarios: int = 8, designs: int = 6, jobs: int = 5000, stuck: int = 180
) -> tuple[RunResult, Mapping[tuple[str, str], Exhibit]]:
    """Return a run of so many cells with so many jobs, and what there is to see."""
    folded = history(sealed(crowd(jobs, stuck=stuck)))
    result = judged(folded)
    lines = LINES * ("x" * LINE_LENGTH,)
    exhibit = Exhibit(
        scene=look(folded, fold(folded, folded.of(Cell)[0])),
        logs=4 * (Excerpt(path="story/careful/web.log", lines=lines, of=100),),
    )
    cells = tuple(
        replace(
            result, scenario=f"scenario_{s}", design=f"design_{d}", lane=f"design_{d}"
        )
        for s in range(scenarios)
        for d in range(designs)
    )
    run = RunPart(
        id="large",
        seed=7,
        started_at=1_700_000_000.0,
        seconds=3600.0,
        command="pytest scenarios",
        versions={},
        images={},
        host=None,
        scenarios=tuple(dict.fromkeys(each.scenario for each in cells)),
        designs=tuple(dict.fromkeys(each.design for each in cells)),
        interrupted=False,
        harness_error=None,
    )
    whole = RunResult(
        schema_version=RESULTS_VERSION,
        run=run,
        headline="a large run",
        exit_code=1,
        cells=cells,
        not_run=(),
    )
    return whole, {(each.scenario, each.lane): exhibit for each in cells}
