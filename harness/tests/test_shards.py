"""Shards: the same split on every machine, and every scenario in one of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.shards import SEED, Asked, parse, split

PROJECT = Path(__file__).parents[2]
NOT_POSSIBLE = "harness/tests/stories/not_possible.py"


def pytest_run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run pytest as people do, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shard_is_written_as_a_fraction() -> None:
    """The second of four."""
    assert parse("2/4") == Asked(number=2, of=4)


@pytest.mark.parametrize(
    "text", ["0/4", "5/4", "x", "1", "2/", "-1/4", "1/0", "1/4/2", "²/4"]
)
def test_what_is_no_shard_is_a_usage_error(text: str) -> None:
    """One sentence says how it is written."""
    with pytest.raises(UsageError, match=r"write K/N, .* such as --shard 2/4"):
        parse(text)


@given(
    st.dictionaries(st.text(max_size=3), st.floats(0, 100), max_size=12),
    st.integers(1, 6),
)
def test_every_scenario_is_in_exactly_one_shard(
    seconds: dict[str, float], of: int
) -> None:
    """The same for any order of theirs; no shard is idle while another has two more."""
    shards = split(seconds, of)
    names = [name for shard in shards for name in shard]
    assert sorted(names) == sorted(seconds)
    assert split(dict(reversed(seconds.items())), of) == shards
    loads = [sum(seconds[name] for name in shard) for shard in shards]
    for shard, load in zip(shards, loads, strict=True):
        if len(shard) > 1:
            shortest = min(seconds[name] for name in shard)
            assert load - shortest <= min(loads) + 1e-6


def test_the_longest_is_alone_with_little() -> None:
    """A balance by duration, not by count."""
    seconds = {"long": 60.0, "a": 20.0, "b": 20.0, "c": 20.0, "d": 10.0}
    one, two = split(seconds, 2)
    assert one == {"long", "d"}
    assert two == {"a", "b", "c"}


def test_pytest_runs_a_shard_and_deselects_the_others() -> None:
    """Of what -k left: together all of it, whole scenarios, nothing twice."""
    options = ("--collect-only", "-q", "-k", "broker", "--designs=tutorial,outbox")
    one, two = (
        {
            tuple(line.removesuffix("]").split("::")[1].split("["))
            for line in pytest_run("scenarios", *options, shard).stdout.splitlines()
            if "::" in line
        }
        for shard in ("--shard=1/2", "--shard=2/2")
    )
    tests = {path.stem for path in PROJECT.glob("scenarios/test_*broker*.py")}
    assert one | two == {(each, to) for each in tests for to in ("tutorial", "outbox")}
    assert {test for test, _ in one}.isdisjoint(test for test, _ in two)


@pytest.mark.parametrize(
    ("shard", "code", "said"),
    [
        ("5/4", 4, "ERROR: --shard 5/4: write K/N"),
        ("2/2", 5, "1 deselected"),
    ],
)
def test_a_shard_that_is_none_or_empty(shard: str, code: int, said: str) -> None:
    """A usage error is one line; a shard without a scenario ran nothing."""
    done = pytest_run(NOT_POSSIBLE, "--designs=outbox", f"--shard={shard}")
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_shard_leaves_word_of_the_whole_run(tmp_path: Path) -> None:
    """What it was part of, and a seed that all its parts agree on."""
    pytest_run(NOT_POSSIBLE, "--designs=outbox", "--shard=1/2", f"--reports={tmp_path}")
    facts = json.loads((tmp_path / "latest" / "run.json").read_text())
    assert facts["shard"] == {"number": 1, "cells": [[["not_possible", "outbox"]], []]}
    assert facts["seed"] == SEED


@pytest.mark.parametrize("shard", ["1/2", "2/2"])
def test_a_shard_runs_no_cell_that_the_whole_run_skips(
    shard: str, tmp_path: Path
) -> None:
    """A clock is not set beside other scenarios, though another shard runs those."""
    both = ("scenarios/test_clock_jumps.py", NOT_POSSIBLE, "--designs=outbox")
    done = pytest_run(*both, f"--shard={shard}", f"--reports={tmp_path}")
    assert done.returncode == 5, done.stdout
    assert "1 skipped" in done.stdout
