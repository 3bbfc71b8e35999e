"""The shape of results.json: everything that the report shows.

It exists so that the page, the CI outputs and outsiders read the same numbers. Times
are seconds since the cell's first event; `run.started_at` is seconds since the epoch.
"""

from collections.abc import Iterable

import msgspec

from harness.errors import NoVerdict
from harness.history import Floors, Host, NotRun, Reading
from harness.records import Fate
from harness.verdict import CellVerdict, Proof, Verdict

RESULTS_VERSION = 1


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A part of results.json."""


class CauseResult(Result, frozen=True):
    """Anomalies of one kind with one cause. `sentence` says it all in words.

    `explained` says of repetitions whether a kill, a retry or a fault lies over them;
    it is None for anomalies of which nobody asks that.
    """

    sentence: str
    cause: str
    because: str
    proven: Proof
    explained: bool | None
    count: int
    jobs: tuple[str, ...]


class AnomalyResult(Result, frozen=True):
    """All anomalies of one kind; `jobs` are submission keys.

    `sentence` is the count in words: "40 jobs pending for ever".
    """

    kind: str
    sentence: str
    count: int
    jobs: tuple[str, ...]
    causes: tuple[CauseResult, ...]


class GuaranteeResult(Result, frozen=True):
    """One guarantee in one cell; `group` and `sentence` say what it guarantees.

    `within_seconds` is the limit that it was judged by, promised or the default; None
    where it takes none.
    `excused` are anomalies that a fault explains, of guarantees that nobody can
    promise. `suspected` counts those that incomplete evidence cannot prove.
    """

    group: str
    sentence: str
    verdict: Verdict
    promised: bool
    judged_as_promised: bool
    within_seconds: float | None
    anomalies: tuple[AnomalyResult, ...]
    excused: tuple[AnomalyResult, ...]
    suspected: int
    because: tuple[str, ...]
    traceback: str | None


class Accounting(Result, frozen=True):
    """The books: accepted + recovered = once + more_than_once + ... + stuck."""

    asked: int = 0
    accepted: int = 0
    recovered: int = 0
    once: int = 0
    more_than_once: int = 0
    dead_lettered: int = 0
    lost: int = 0
    stuck: int = 0
    refused: int = 0
    vanished: int = 0


class FaultResult(Result, frozen=True):
    """One fault: its four times, what the probes felt, and why it earned nothing."""

    name: str
    type: str
    sentence: str
    asked: float | None
    confirmed: float | None
    healed: float | None
    verified: float | None
    readings: tuple[Reading, ...]
    accepted_meanwhile: int
    problem: str | None


class Recovery(Result, frozen=True):
    """How a cell came back, in seconds from its last verified heal.

    `first_success_seconds` to the first job that finished; `normal_wait_seconds` until
    no job waited longer than twice what was usual before the faults. `dip` is how deep
    work fell in the worst two seconds: 0 not at all, 1 nothing was done. The times of
    the API are of submissions sent while a fault was on.
    """

    first_success_seconds: float | None
    normal_wait_seconds: float | None
    dip: float | None
    api_p95_during: float | None
    api_slowest_during: float | None


class WorkResult(Result, frozen=True):
    """What was done, to be held against the floors. `in_window` is by fault."""

    operations: int = 0
    accepted: int = 0
    finished: int = 0
    indefinite: int = 0
    in_window: dict[str, int] = {}


class Measures(Result, frozen=True):
    """What was measured beside the verdict; None where there was nothing to measure.

    A job's latency is from its first request to its end; each p95 is of the jobs
    asked for before, during (asked to verified) and after the faults.
    `clock_error_seconds` is how far times of two ledgers may be apart by clocks alone.
    """

    latency_p95_before: float | None = None
    latency_p95_during: float | None = None
    latency_p95_after: float | None = None
    redeliveries: int = 0
    deepest_backlog: int | None = None
    clock_error_seconds: float | None = None


class EventLine(Result, frozen=True):
    """One event of a job in words. `proof` marks what proves an anomaly.

    `kind` is the event's: submit_begun, transition, ...
    """

    seconds: float
    where: str
    what: str
    proof: bool
    kind: str = ""


class Story(Result, frozen=True):
    """A harmed job: its fate, what the client was told, and what happened to it.

    `events` is empty where the report has told enough stories of the same cause;
    the history has them all. `answers` are status codes, None where there was none.
    `last_good` is the place among `events` of the last hand-over that went well,
    `missing` says what should have come next and did not. `survivor` is the key of an
    unharmed job that was asked for nearest to this one.
    """

    key: str
    jobs: tuple[int, ...]
    fate: Fate | None
    answers: tuple[int | None, ...]
    anomalies: tuple[str, ...]
    events: tuple[EventLine, ...]
    last_good: int | None = None
    missing: str | None = None
    survivor: str | None = None


class CellResult(Result, frozen=True):
    """One scenario in one lane: the verdict and all that speaks for it.

    `lane` is the lane's name, which is its design's own unless it was asked to run with
    a version of Celery; then `celery` names that, and `versions` are those of all that
    it ran with.

    `stories` are of harmed jobs, `survivors` of a few unharmed ones to compare with.
    """

    scenario: str
    design: str
    verdict: CellVerdict
    because: tuple[str, ...]
    lane: str = ""
    guarantees: dict[str, GuaranteeResult] = {}
    accounting: Accounting = Accounting()
    faults: tuple[FaultResult, ...] = ()
    recovery_seconds: float | None = None
    recovery: Recovery | None = None
    baseline: bool = False
    cross_check: str | None = None
    harness_error: str | None = None
    claim: str = ""
    source: str = ""
    design_source: str = ""
    workload: str = ""
    command: str = ""
    seconds: float | None = None
    work: WorkResult = WorkResult()
    floors: Floors = Floors()
    measures: Measures = Measures()
    stories: tuple[Story, ...] = ()
    survivors: tuple[Story, ...] = ()
    celery: str = ""
    versions: dict[str, str] = {}

    def __post_init__(self) -> None:
        if not self.lane:
            msgspec.structs.force_setattr(self, "lane", self.design)

    @property
    def kept_its_promise(self) -> bool:
        """Say whether no promise was broken. Raises NoVerdict where none is known."""
        if self.verdict is CellVerdict.NONE:
            raise NoVerdict(
                f"{self.scenario} × {self.lane} has no verdict: "
                + "; ".join(self.because)
            )
        return self.verdict is not CellVerdict.BROKE


class MergedRun(Result, frozen=True):
    """One of the runs that were merged into this one, each from its own machine."""

    name: str
    id: str
    started_at: float
    seconds: float | None
    command: str
    versions: dict[str, str]
    images: dict[str, str]
    host: Host | None


class RunPart(Result, frozen=True):
    """The run: what was asked for, with what, and how it ended.

    `merged` are the runs that a merged run is of, `missing` the shards that it lacks;
    its `versions` and `images` name the parts wherever these differ.
    """

    id: str
    seed: int
    started_at: float
    seconds: float | None
    command: str
    versions: dict[str, str]
    images: dict[str, str]
    host: Host | None
    scenarios: tuple[str, ...]
    designs: tuple[str, ...]
    interrupted: bool
    harness_error: str | None
    merged: tuple[MergedRun, ...] = ()
    missing: tuple[str, ...] = ()


class RunResult(Result, frozen=True):
    """results.json. `headline` is the verdict of the run in one sentence."""

    schema_version: int
    run: RunPart
    headline: str
    exit_code: int
    cells: tuple[CellResult, ...]
    not_run: tuple[NotRun, ...]


def exit_code(run: RunPart, cells: Iterable[CellResult]) -> int:
    """Return the exit code of `design.md` §8; where several apply: 1, 2, 3, 10."""
    found = tuple(cells)
    verdicts = {cell.verdict for cell in found}
    if CellVerdict.BROKE in verdicts:
        return 1
    if run.interrupted:
        return 2
    if run.harness_error or any(cell.harness_error for cell in found):
        return 3
    if CellVerdict.NONE in verdicts:
        return 10
    return 0 if found else 5


def headline(run: RunPart, cells: Iterable[CellResult], *, not_run: int = 0) -> str:
    """Say in one sentence what the run showed, the worst first."""
    found = tuple(cells)
    broke = sum(1 for cell in found if cell.verdict is CellVerdict.BROKE)
    none = sum(1 for cell in found if cell.verdict is CellVerdict.NONE)
    parts = []
    if broke:
        whose = "its design" if broke == 1 else "their designs"
        parts.append(f"{broke} of {_cells(len(found))} broke a promise of {whose}")
    if none:
        parts.append(
            f"{none} of {_cells(len(found))} {'has' if none == 1 else 'have'}"
            " no verdict"
        )
    if found and not parts:
        weak = sum(1 for cell in found if cell.verdict is CellVerdict.WEAKNESS)
        parts.append(f"every promise kept in {_cells(len(found))}")
        if weak:
            parts.append(f"{weak} with harm that nobody promised to avoid")
    if not found:
        parts.append("nothing ran")
    if run.harness_error:
        parts.append("the harness failed")
    if run.interrupted:
        of = f": {len(found)} of {_cells(len(found) + not_run)} ran" if not_run else ""
        parts.append(f"interrupted{of}")
    if run.missing:
        parts.append(f"incomplete without {', '.join(run.missing)}")
    return ", ".join(parts)


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"


def anchor(scenario: str, lane: str) -> str:
    """Return the fragment of index.html that shows this cell."""
    return f"{_slug(scenario)}--{_slug(lane)}"


def _slug(text: str) -> str:
    """Return the text as part of a fragment: two names never become one."""
    return "".join(
        c if c.isascii() and (c.isalnum() or c in "_.@") else f"~{ord(c):x}~"
        for c in text
    )


def encode(result: RunResult) -> bytes:
    """Return results.json: the same bytes for the same evidence."""
    return msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"


def decode(data: bytes) -> RunResult:
    """Read results.json. Raises msgspec.DecodeError for what is not one."""
    return msgspec.json.decode(data, type=RunResult)


def schema() -> dict[str, object]:
    """Return the JSON Schema of results.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "results.json",
        **msgspec.json.schema(RunResult),
    }
