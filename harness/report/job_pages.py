"""The pages of jobs: why one was harmed, how sure that is, and how it fared elsewhere.

They exist so that a reader is two clicks from a red cell at a sentence that says why,
and one more look at the very lines that prove it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from harness.report import causes, swimlane
from harness.report.exhibits import Exhibit, Exhibits
from harness.report.results import (
    CauseResult,
    CellResult,
    EventLine,
    RunResult,
    Story,
    anchor,
)
from harness.verdict import CellVerdict

STORIES = 200

Ids = Mapping[tuple[str, str, str], str]


def story_ids(cells: Iterable[CellResult]) -> Ids:
    """Choose the jobs that the page tells of, and give each a fragment.

    The first job of every cause of every cell comes before any second one, so that no
    red cell is without; then come those that a promise covers, and the worst cells'.
    """
    order = list(CellVerdict)
    wanted: dict[tuple[str, str, str], tuple[bool, bool, int, int]] = {}
    names: dict[tuple[str, str, str], str] = {}
    for cell in cells:
        places = _places(cell)
        name = anchor(cell.scenario, cell.lane)
        for number, story in enumerate(cell.stories, start=1):
            if story.events:
                key = (cell.scenario, cell.lane, story.key)
                place, unpromised = places.get(story.key, (STORIES, True))
                worse = order.index(cell.verdict)
                wanted[key] = (place > 0, unpromised, place, worse)
                names[key] = f"{name}--j{number}"
    chosen = sorted(wanted, key=lambda key: wanted[key])[:STORIES]
    return {key: names[key] for key in chosen}


def _places(cell: CellResult) -> Mapping[str, tuple[int, bool]]:
    """Return each told job's place among those of its cause, and if no promise covers
    it: the first of the causes that it has.
    """
    told = {story.key for story in cell.stories if story.events}
    places: dict[str, tuple[int, bool]] = {}
    for found in cell.guarantees.values():
        for anomaly in found.anomalies:
            for cause in anomaly.causes:
                jobs = [key for key in cause.jobs if key in told]
                for number, key in enumerate(jobs):
                    place = (number, not found.judged_as_promised)
                    places[key] = min(place, places.get(key, place))
    return places


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """Why a job is in the report: what befell it and why, in one sentence.

    `shown` is that in the checker's words, `confidence` says how sure the cause is.
    """

    sentence: str
    shown: str
    cause: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """An unharmed job to compare with, asked for so many seconds after the harmed."""

    id: str
    key: str
    later_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """All that a job's page shows: of a harmed one, or of one that survived.

    `fared` are the other designs by how the same job fared in the same scenario.
    `lines` are those of its events in the evidence, empty where that is gone.
    """

    id: str
    cell: CellResult
    story: Story
    because: tuple[Because, ...]
    picture: Markup
    survivor: Survivor | None
    fared: Mapping[str, tuple[str, ...]]
    lines: tuple[int, ...]

    @property
    def evidence(self) -> str:
        """Return the file that holds the events."""
        return f"{self.cell.scenario}/{self.cell.lane}/history.jsonl"

    @property
    def last_seen(self) -> EventLine | None:
        """Return the last event that moved the job."""
        place = _last_moving(self.story)
        return None if place is None else self.story.events[place]

    @property
    def missing_after(self) -> int | None:
        """Return the place of the event after which the next one never came."""
        return _last_moving(self.story) if self.story.missing else None


def _last_moving(story: Story) -> int | None:
    """Return the place of the last event that is no look at the job."""
    looks = (*swimlane.FINAL_KINDS, "poll_ended")
    moving = [i for i, event in enumerate(story.events) if event.kind not in looks]
    return max(moving, default=None)


def job_pages(
    result: RunResult, ids: Ids, exhibits: Exhibits, *, survivors: bool
) -> list[JobPage]:
    """Return a page for each job that is told of, survivors after the harmed."""
    return [
        page
        for cell in result.cells
        for page in _pages_of_jobs(result, cell, ids, exhibits, survivors=survivors)
    ]


def _pages_of_jobs(
    result: RunResult,
    cell: CellResult,
    ids: Ids,
    exhibits: Exhibits,
    *,
    survivors: bool,
) -> Iterator[JobPage]:
    name = anchor(cell.scenario, cell.lane)
    lines = exhibits.get((cell.scenario, cell.lane), Exhibit()).lines
    found = _causes_of(cell)
    beside = {
        story.key: f"{name}--s{number}"
        for number, story in enumerate(cell.survivors, start=1)
        if survivors
    }
    pointed_at = set()
    for story in cell.stories:
        id_ = ids.get((cell.scenario, cell.lane, story.key))
        if id_ is not None:
            pointed_at.add(story.survivor)
            yield JobPage(
                id=id_,
                cell=cell,
                story=story,
                because=tuple(_because(*each) for each in found[story.key]),
                picture=swimlane.draw(story.events, cell.faults),
                survivor=_survivor(cell, story, beside),
                fared=_fared(result, cell, story.key),
                lines=lines.get(story.key, ()),
            )
    for story in cell.survivors:
        if story.key in beside and story.key in pointed_at:
            yield JobPage(
                id=beside[story.key],
                cell=cell,
                story=story,
                because=(),
                picture=swimlane.draw(story.events, cell.faults),
                survivor=None,
                fared={},
                lines=lines.get(story.key, ()),
            )


def _causes_of(cell: CellResult) -> Mapping[str, list[tuple[str, CauseResult]]]:
    """Return each job's kinds of harm with their causes, what counts first."""
    found: dict[str, list[tuple[str, CauseResult]]] = {}
    judged = sorted(cell.guarantees.values(), key=lambda g: not g.judged_as_promised)
    for excused in (False, True):
        for guarantee in judged:
            for anomaly in guarantee.excused if excused else guarantee.anomalies:
                for cause in anomaly.causes:
                    for key in cause.jobs:
                        found.setdefault(key, []).append((anomaly.kind, cause))
    return found


def _because(kind: str, cause: CauseResult) -> Because:
    return Because(
        sentence=causes.sentence(kind, cause),
        shown=cause.because,
        cause=cause.cause,
        confidence=causes.how_sure(kind, cause),
    )


def _survivor(
    cell: CellResult, story: Story, beside: Mapping[str, str]
) -> Survivor | None:
    """Return the job that is told beside this one, if it has a page."""
    other = next((each for each in cell.survivors if each.key == story.survivor), None)
    if other is None or other.key not in beside or not (other.events and story.events):
        return None
    return Survivor(
        id=beside[other.key],
        key=other.key,
        later_seconds=round(other.events[0].seconds - story.events[0].seconds, 3),
    )


def _fared(
    result: RunResult, cell: CellResult, key: str
) -> Mapping[str, tuple[str, ...]]:
    """Say how the job of the same key fared in the other lanes: all of them are asked
    for the same jobs at the same moments.
    """
    fared: dict[str, list[str]] = {}
    for other in result.cells:
        if other.scenario != cell.scenario or other.lane == cell.lane:
            continue
        if other.verdict is CellVerdict.NONE:
            how = "not known in"
        elif any(
            key in anomaly.jobs
            for found in other.guarantees.values()
            for anomaly in found.anomalies
        ):
            how = "harmed in"
        else:
            how = "unharmed in"
        fared.setdefault(how, []).append(other.lane)
    return {how: tuple(lanes) for how, lanes in sorted(fared.items(), reverse=True)}
