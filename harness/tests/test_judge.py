"""`harness judge FOLDER` on run folders made by hand, as an outsider would run it.

A folder holds `<scenario>/<design>/history.jsonl` and nothing else; the histories are
those that lie in harness/tests/histories.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.history import LedgerEnd
from harness.tests.histories import __main__ as pairs
from harness.tests.histories.build import (
    Facts,
    cell,
    facts,
    fault,
    lines,
    promising,
    sealed,
)
from harness.tests.histories.damage import OTHER
from harness.tests.histories.runs import broke, failed, kept, none, weak

PROJECT = Path(__file__).parents[2]
EXAMPLES = Path(pairs.__file__).parent


def judge(folder: Path, **environment: str) -> tuple[int, str]:
    """Run the command as a process; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", "judge", str(folder)],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def place(history: Path | bytes, folder: Path, scenario: str = "story") -> None:
    """Put a history where a run would have left it."""
    path = folder / scenario / "careful" / "history.jsonl"
    path.parent.mkdir(parents=True)
    data = history.read_bytes() if isinstance(history, Path) else history
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "kind", "cause", "code"),
    [
        ("lost_record", "lost_record", "commit lost", 1),
        ("never_stored.cause", "lost_record", "never stored", 1),
        ("duplicate_effect", "duplicate_effect", "redelivered", 1),
        ("overlap", "overlap", "unexplained", 0),
        ("resurrected", "resurrected", "unexplained", 1),
        ("stranded_pending", "stranded_pending", "never published", 1),
        ("early.cause", "stranded_started", "acknowledged too early", 1),
        ("false_success", "false_success", "unexplained", 1),
        ("silent_failure", "silent_failure", "redelivered", 1),
        ("terminal_flip", "terminal_flip", "late write", 1),
        ("orphan_run", "orphan_run", "published before commit", 1),
        ("thrown_away.cause", "stranded_started", "swallowed", 1),
    ],
)
def test_it_names_the_anomaly_the_job_and_the_cause(
    name: str, kind: str, cause: str, code: int, tmp_path: Path
) -> None:
    """Its exit code is 1 where the guarantee is promised; nobody can promise one."""
    place(EXAMPLES / f"{name}.jsonl", tmp_path)
    key = f"(job {OTHER + 2} without a key)" if kind == "orphan_run" else "r1-000002"
    found, said = judge(tmp_path)
    assert found == code
    assert f"  {kind}, {cause}: {key}\n" in said


def test_the_same_without_the_damage_is_0(tmp_path: Path) -> None:
    """All clean neighbours, as scenarios of one run: no anomaly but excused ones."""
    for path in EXAMPLES.glob("*.clean.jsonl"):
        scenario = path.name.removesuffix(".clean.jsonl")
        text = path.read_bytes().replace(b'"story"', f'"{scenario}"'.encode())
        place(text, tmp_path, scenario)
    code, said = judge(tmp_path)
    assert code == 0
    told = {
        line.split(",")[0].strip() for line in said.splitlines() if " × " not in line
    }
    assert told == {"duplicate_run", "every promise kept in 21 cells"}


def clean() -> Facts:
    """Return a cell that keeps all that can be promised."""
    return facts(2, asked=cell(promises=promising("every_job_starts")))


def without_a_ledger() -> bytes:
    """The database was not read."""
    return lines(
        event
        for event in sealed(clean())
        if not (isinstance(event, LedgerEnd) and event.ledger == "database")
    )


def cut_ledger() -> bytes:
    """One line of it is gone."""
    whole = sealed(clean())
    return lines(event for event in whole if getattr(event, "effect", None) != 2)


def unverified_heal() -> bytes:
    """No probe looked whether the fault is gone."""
    verified = fault()[-1]
    return lines(sealed(event for event in clean() if event != verified))


def truncated() -> bytes:
    """The disk was full."""
    return lines(sealed(clean()))[:-40]


@pytest.mark.parametrize(
    ("history", "because"),
    [
        (without_a_ledger(), "the database ledger was not read to its end"),
        (cut_ledger(), "the database ledger has 9 of 10 events"),
        (unverified_heal(), "no probe verified that it is gone"),
        (truncated(), "cannot be read"),
        (b"", "the history is empty"),
    ],
)
def test_missing_evidence_is_10(history: bytes, because: str, tmp_path: Path) -> None:
    """Nothing broken, and no verdict: it says what is missing."""
    place(history, tmp_path)
    code, said = judge(tmp_path)
    assert code == 10
    assert because in said


def test_old_evidence_gives_the_same_results_wherever_it_lies(tmp_path: Path) -> None:
    """Another path, another order of files and lines, hash seed, locale, time zone."""
    old, copy = tmp_path / "old", tmp_path / "a place" / "of another näme"
    for part in (kept, weak, broke, none, failed):
        part(old)
    place((EXAMPLES / "overlap.jsonl").read_bytes(), old, "other")
    place(lines(sealed(clean()))[:999], old, "cut")
    first, said = judge(old, PYTHONHASHSEED="1", LC_ALL="C.UTF-8", TZ="UTC")
    luck = random.Random(7)
    for path in luck.sample(sorted(old.glob("*/*/history.jsonl")), 7):
        target = copy / path.relative_to(old)
        target.parent.mkdir(parents=True)
        rows = path.read_bytes().splitlines(keepends=True)
        if "cut" not in path.parts:
            luck.shuffle(rows)
        target.write_bytes(b"".join(rows))
    second, again = judge(copy, PYTHONHASHSEED="2", LC_ALL="C", TZ="Asia/Tokyo")
    assert (first, said) == (second, again)
    assert (old / "results.json").read_bytes() == (copy / "results.json").read_bytes()
    shutil.rmtree(copy / "story")
    assert judge(copy)[0] == 10  # not a constant


def test_an_unreadable_run_json_is_told_without_its_path(
    tmp_path: Path,
) -> None:
    """The harness failed, and the words are the same wherever the folder lies."""
    kept(tmp_path)
    (tmp_path / "run.json").mkdir()
    code, _ = judge(tmp_path)
    assert code == 3
    assert str(tmp_path) not in (tmp_path / "results.json").read_text()
