"""The last lines: the worst first, at most twenty, and a closing line for runners."""

from collections.abc import Sequence

import msgspec

from harness.history import NotRun
from harness.report.results import CellResult, RunPart, RunResult
from harness.terminal.end import LINES, Ending, last_lines, without
from harness.tests.terminal.recorded import HOSTILE, cell
from harness.verdict import CellVerdict

ENDING = Ending(exit_code=1, report="reports/r1/index.html")
PENDING = "every_job_starts: 3 jobs pending for ever"
LONG = "a reason that goes on " * 30


def _run(
    cells: Sequence[CellResult], not_run: Sequence[NotRun] = (), **fields: object
) -> RunResult:
    run = RunPart(
        id="r1",
        seed=1107,
        started_at=0.0,
        seconds=510.0,
        command="pytest scenarios",
        versions={},
        images={},
        host=None,
        scenarios=(),
        designs=(),
        interrupted=False,
        harness_error=None,
    )
    return RunResult(
        schema_version=1,
        run=msgspec.structs.replace(run, **fields),
        headline="",
        exit_code=1,
        cells=tuple(cells),
        not_run=tuple(not_run),
    )


def _lines(result: RunResult, ending: Ending = ENDING) -> list[str]:
    return last_lines(result, ending, coloured=False)


def _many(verdict: CellVerdict, count: int) -> list[CellResult]:
    return [
        cell(f"s{number}", "careful", verdict, because=[LONG])
        for number in range(count)
    ]


def test_a_small_run_is_told_whole() -> None:
    """Each cell with its verdict and why; then pace, seed, report, and the count."""
    cells = [
        cell("story", "outbox"),
        cell("story", "late_ack", CellVerdict.WEAKNESS),
        cell("story", "mine", CellVerdict.NONE, because=["too little work", "else"]),
        cell("story", "requeue", CellVerdict.BROKE, because=["never published"]),
    ]
    requeue, mine, late_ack, *others = _lines(_run(cells))
    assert requeue == (
        f"✕ story × requeue  broke: {PENDING}: each answered 201, never published  "
        "index.html#story--requeue"
    )
    assert mine == (
        "? story × mine  no verdict: too little work; and 1 more  "
        "index.html#story--mine"
    )
    assert late_ack == (
        f"▲ story × late_ack  with a weakness: {PENDING}  index.html#story--late_ack"
    )
    assert others == [
        "✓ story × outbox  kept: 3 jobs asked for: 3 done once",
        "0.5 cells a minute: 4 in 8 min 30 s",
        "seed 1107, exit code 1",
        "report: reports/r1/index.html",
        "1 kept, 1 with a weakness, 1 broke, 1 no verdict",
    ]


def test_two_hundred_cells_are_twenty_lines() -> None:
    """What broke comes first and is never cut; weaknesses and the kept are counted."""
    cells = [
        *_many(CellVerdict.KEPT, 150),
        *_many(CellVerdict.WEAKNESS, 40),
        *_many(CellVerdict.NONE, 2),
        *_many(CellVerdict.BROKE, 8),
    ]
    lines = _lines(_run(cells))
    assert len(lines) <= LINES
    assert [line[0] for line in lines[:10]] == ["✕"] * 8 + ["?"] * 2
    assert all(" ".join(LONG.split()) in line for line in lines[:10])
    assert not [line for line in lines if line[0] in "▲✓"]
    assert lines[-1] == "150 kept, 40 with a weakness, 8 broke, 2 no verdict"


def test_more_than_fits() -> None:
    """It is said how many more there are, and where; still twenty lines."""
    cells = [*_many(CellVerdict.BROKE, 100), *_many(CellVerdict.NONE, 100)]
    ending = Ending(
        exit_code=1, report="r", troubles=["a", "b"], unhealed=["kill worker of outbox"]
    )
    lines = _lines(
        _run(cells, [NotRun(scenario="s", design="d", because="the end")]), ending
    )
    assert len(lines) <= LINES
    assert "  and 189 more (89 broke, 100 no verdict): index.html" in lines
    assert [line[0] for line in lines[:11]] == ["✕"] * 11


def test_an_interrupted_run_says_how_far_it_came() -> None:
    """Incomplete, how many of how many, and why not the others."""
    not_run = [
        NotRun(scenario=f"s{n}", design="outbox", because=because)
        for n, because in enumerate(
            ["the run ended before it"] * 2 + ["not possible: x", "not possible: y"]
        )
    ]
    lines = _lines(_run([cell()], not_run, interrupted=True))
    assert (
        "incomplete: 1 of 5 cells ran; 2 not possible: the report says why; "
        "2 did not: the run ended before it"
    ) in lines


def test_nothing_ran() -> None:
    """The harness's failure in one line, also of a traceback or a container's log."""
    trace = "Traceback (most recent call last):\n  File ...\nValueError: no"
    assert _lines(_run([], harness_error=trace))[0] == (
        "the harness failed: ValueError: no"
    )
    lines = _lines(_run([], harness_error="web did not come up:\n log\n log"))
    assert lines[0] == "the harness failed: web did not come up:"
    assert lines[-1] == "no cell ran"


def test_a_fault_that_may_still_be_on_is_said_last() -> None:
    """Nothing worse can be left behind."""
    ending = Ending(
        exit_code=3, report="r", unhealed=["kill worker of outbox", f"x of {HOSTILE}"]
    )
    assert last_lines(_run([cell()]), ending, coloured=True)[-1] == (
        "\x1b[31mSTILL BROKEN: kill worker of outbox, x of "
        r"a\x1b[2J\x07 b\u202e\ud800"
        ". Run `harness recover`, which heals and removes.\x1b[0m"
    )


def test_hostile_text_is_harmless() -> None:
    """Names, causes and troubles: every line stays one line of printable text."""
    cells = [
        cell(HOSTILE, HOSTILE, verdict, because=[HOSTILE, HOSTILE])
        for verdict in CellVerdict
    ]
    ending = Ending(exit_code=1, report="r", troubles=[HOSTILE])
    not_run = [NotRun(scenario="s", design="d", because=HOSTILE)]
    lines = _lines(_run(cells, not_run, harness_error=HOSTILE), ending)
    assert all(line.isprintable() for line in lines)


def test_without_a_result() -> None:
    """What is known all the same: the troubles, the exit code, a fault that is on."""
    ending = Ending(
        exit_code=3, report="r", troubles=["no room"], unhealed=["kill web"]
    )
    *others, last = without(ending)
    assert others == ["no room", "exit code 3"]
    assert last.startswith("STILL BROKEN: kill web. ")
