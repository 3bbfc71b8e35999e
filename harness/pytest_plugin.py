"""Runs the scenarios with pytest: options, one test per cell, exit codes.

It exists so that a scenario is a test like any other, selected and reported as people
expect of pytest. It is wiring only: what happens is `scenario_session.py`'s, and no
other module imports pytest.
"""

import os
import shlex
import sys
from collections.abc import Generator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from harness import checkers, ci, shards
from harness.designs import find_designs, select
from harness.errors import HarnessError, NotPossibleHere, UsageError
from harness.history import Shard
from harness.report.results import CellResult
from harness.scenario import Story, story_of
from harness.scenario_session import ScenarioSession
from harness.selection import CellAsked, LaneAsked, wrong_claim
from harness.stack import versions
from harness.stack.lane_plan import LanePlan
from harness.terminal.beside_pytest import BesidePytest
from harness.terminal.choice import PROGRESS, can_be_live, choose
from harness.terminal.terminal import View
from harness.terminal.words import harmless, plain
from harness.verdict import CellVerdict

# What a scenario's test passes with, if it asks for nothing but the promise.
_PASSES = (CellVerdict.KEPT, CellVerdict.WEAKNESS)

_session = pytest.StashKey[ScenarioSession]()
_usage_error = pytest.StashKey[UsageError]()
_result = pytest.StashKey[CellResult]()
_shard_asked = pytest.StashKey[shards.Asked]()
_shard = pytest.StashKey[Shard]()
_selected = pytest.StashKey[Sequence[Story]]()
_failed_otherwise = pytest.StashKey[bool]()
_exit_code = pytest.StashKey[int]()
_beside_pytest = pytest.StashKey[BesidePytest]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the harness's own options."""
    group = parser.getgroup("celery proving ground")
    group.addoption(
        "--designs",
        metavar="A,B",
        help="run these designs of app/designs/ only (default: all)",
    )
    group.addoption(
        "--celery",
        metavar="A,B",
        help="run each design once with each of these versions of Celery, in lanes "
        "beside each other (such as 5.5.3,5.6.3; default: the app's own only)",
    )
    group.addoption(
        "--seed",
        type=int,
        help="seed of everything random in a run (default: drawn, and printed; "
        f"with --shard: {shards.SEED})",
    )
    group.addoption(
        "--shard",
        metavar="K/N",
        help="run the K-th of N shards of the selected scenarios; `harness merge` "
        "makes one run of what all of them leave",
    )
    group.addoption(
        "--no-verdict",
        choices=ci.NO_VERDICT,
        default="fail",
        help=ci.NO_VERDICT_HELP,
    )
    group.addoption(
        "--keep-stack",
        action="store_true",
        help="leave the stack up for the next run, which finds it; "
        "`make down` removes it",
    )
    group.addoption(
        "--reports",
        metavar="DIR",
        help="where runs leave their folders (default: reports/)",
    )
    group.addoption(
        "--progress",
        choices=PROGRESS,
        default="auto",
        help="how a run is shown: live on a terminal, lines elsewhere (auto); none: "
        "only its end. `kill -USR1` asks at any time what is going on",
    )
    if find_spec("xdist") is None:
        # pytest keeps lower-case short options to itself; xdist, which has this one,
        # goes the same way round. Without it, nobody would explain why -n is refused.
        add_option = group._addoption  # noqa: SLF001 - there is no public way
        add_option("-n", "--numprocesses", help="not supported: lanes run side by side")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot work, before anything starts."""
    if config.getoption("numprocesses", None):
        raise pytest.UsageError(
            "-n: scenarios already run in all their lanes side by side, on one stack; "
            "several processes would start a stack each. Leave -n out."
        )
    if asked := config.getoption("--shard"):
        try:
            config.stash[_shard_asked] = shards.parse(asked)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from error


# --- one test per cell --------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test per selected lane of each test that takes a `cell`."""
    if "cell" not in metafunc.fixturenames:
        return
    config = metafunc.config
    try:
        lanes = _lanes(config)
    except UsageError as error:
        config.stash[_usage_error] = error
        lanes = ()
    metafunc.parametrize(
        "cell", lanes, indirect=True, ids=[lane.plan.name for lane in lanes]
    )


def _lanes(config: pytest.Config) -> tuple[LaneAsked, ...]:
    """Return a lane for each design, or for each with each Celery that is asked for."""
    designs = select(
        find_designs(config.rootpath),
        config.getoption("--designs"),
        checkers.known(),
        checkers.limits(),
    )
    asked = config.getoption("--celery")
    celeries = versions.parse(asked) if asked is not None else (None,)
    return tuple(
        LaneAsked(design=design, plan=LanePlan(design=design.name, celery=celery))
        for design in designs
        for celery in celeries
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Refuse lanes that cannot be run, and scenarios that bite with what is none.

    Last, when -k and its like have selected: take this machine's shard of what is left.
    """
    if (error := config.stash.get(_usage_error, None)) is not None:
        raise pytest.UsageError(str(error))
    cells = [cell for cell in map(_asked, items) if cell is not None]
    for asked in cells:
        if why := wrong_claim(asked.story.scenario):
            raise pytest.UsageError(f"{asked.story.source}: {why}")
    config.stash[_selected] = [cell.story for cell in cells]
    if (shard := config.stash.get(_shard_asked, None)) is not None:
        _take(shard, config, items)


def _take(shard: shards.Asked, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what other shards run; keep in mind what each of them has."""
    asked = [(_file(item), _asked(item)) for item in items]
    seconds = {
        file: cell.story.scenario.expected_seconds if cell else 0.0
        for file, cell in asked
    }
    split = shards.split(seconds, shard.of)
    config.stash[_shard] = Shard(
        number=shard.number,
        cells=tuple(
            tuple(
                cell.name for file, cell in asked if cell is not None and file in files
            )
            for files in split
        ),
    )
    mine = split[shard.number - 1]
    config.hook.pytest_deselected(items=[i for i in items if _file(i) not in mine])
    items[:] = [item for item in items if _file(item) in mine]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture
def cell(request: pytest.FixtureRequest) -> "ConductedCell":
    """Give the cell of this scenario and design, conducting the scenario if need be."""
    asked = _asked(request.node)
    assert asked is not None
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    try:
        # What is told while the scenario runs belongs on the terminal, not in a report.
        with capture.global_and_fixture_disabled(), _beside(request.config).lent():
            result = _session_of(request.session).result(asked)
    except NotPossibleHere as error:
        pytest.skip(str(error))
    except HarnessError as error:
        pytest.exit(harmless(str(error)), returncode=error.exit_code)
    request.node.stash[_result] = result
    return ConductedCell(result)


class ConductedCell:
    """What a scenario's test sees of its cell."""

    def __init__(self, verdict: CellResult) -> None:
        self.verdict = verdict


def _asked(item: pytest.Item) -> CellAsked | None:
    """Return the cell that a test asks for, None for any other test."""
    callspec = getattr(item, "callspec", None)
    lane = callspec.params.get("cell") if callspec is not None else None
    if not isinstance(lane, LaneAsked):
        return None
    module: Any = item.getparent(pytest.Module).obj  # type: ignore[union-attr]
    told = getattr(module, "SCENARIO", None)
    try:
        story = story_of(item.path, item.config.rootpath, module.__doc__, told)
    except UsageError as error:
        pytest.exit(str(error), returncode=error.exit_code)
    return CellAsked(story=story, lane=lane)


def _session_of(session: pytest.Session) -> ScenarioSession:
    """Return the pytest session's scenario session, made at its first cell."""
    config = session.config
    if _session not in config.stash:
        config.stash[_session] = ScenarioSession(
            project=config.rootpath,
            reports=Path(config.getoption("--reports") or config.rootpath / "reports"),
            asked=[cell for item in session.items if (cell := _asked(item))],
            selected=config.stash[_selected],
            seed=config.getoption("--seed"),
            keep_stack=config.getoption("--keep-stack"),
            command=shlex.join(["pytest", *config.invocation_params.args]),
            view=_view(config),
            shard=config.stash.get(_shard, None),
            no_verdict=config.getoption("--no-verdict"),
        )
    return config.stash[_session]


# --- how it is shown ----------------------------------------------------------


def _beside(config: pytest.Config) -> BesidePytest:
    """Return pytest's own terminal, beside which ours is."""
    if _beside_pytest not in config.stash:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        writer = config.get_terminal_writer() if reporter is not None else None
        config.stash[_beside_pytest] = BesidePytest(reporter, writer)
    return config.stash[_beside_pytest]


def _view(config: pytest.Config) -> View:
    beside = _beside(config)
    return choose(
        config.getoption("--progress"),
        can_be_live=can_be_live(
            is_terminal=beside.is_terminal,
            term=os.environ.get("TERM", ""),
            encoding=sys.__stdout__.encoding if sys.__stdout__ is not None else "",
        ),
        coloured=beside.coloured,
        write=beside.write,
        make_room=beside.make_room,
    )


# --- how it ends --------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a failed cell say what broke, instead of showing our assertion."""
    report = yield
    result = item.stash.get(_result, None)
    if report.failed and (result is None or result.verdict in _PASSES):
        # A test of another kind, or one that asks more of its cell than its promises.
        item.config.stash[_failed_otherwise] = True
    elif result is not None and report.failed and report.when == "call":
        report.longrepr = "\n".join(
            [
                f"{result.scenario} × {result.lane}: {result.verdict.value}",
                *map(plain, result.because),
            ]
        )
    return report


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After Ctrl-C, end before the next scenario: this one's cells are all told."""
    scenarios = item.config.stash.get(_session, None)
    following = _asked(nextitem) if nextitem is not None else None
    if scenarios is not None and scenarios.ends_before(following):
        item.session.shouldstop = "Ctrl-C: stopped after the running scenario"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remove the stack, write the report, and set the exit code of design.md §8."""
    scenarios = session.config.stash.get(_session, None)
    if scenarios is None:
        return
    crashed = exitstatus == pytest.ExitCode.INTERNAL_ERROR
    code = scenarios.finish(
        interrupted=exitstatus == pytest.ExitCode.INTERRUPTED,
        crashed="pytest itself failed; its output says how" if crashed else None,
    )
    failed_otherwise = session.config.stash.get(_failed_otherwise, False)
    session.exitstatus = 1 if failed_otherwise and code in (0, 5, 10) else code
    session.config.stash[_exit_code] = int(session.exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Say in a few lines what broke and where the report is: after pytest's last."""
    scenarios = config.stash.get(_session, None)
    if scenarios is None:
        return
    beside = _beside(config)
    for line in scenarios.announced:
        beside.write(line)
    beside.section("promises")
    code = config.stash[_exit_code]
    for line in scenarios.last_lines(exit_code=code, coloured=beside.coloured):
        beside.write(line)
    scenarios.close()
