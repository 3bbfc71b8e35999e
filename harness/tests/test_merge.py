"""Shards merged: the run that one machine would have left, or a clear sentence."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness import __main__ as command_line
from harness import history, merge
from harness.errors import EvidenceNotWritten, UsageError
from harness.history import Host, NotRun, Shard
from harness.report import results
from harness.report.evidence import judge_run
from harness.tests.histories import damage, runs

SCHEMAS = Path(results.__file__).parent / "schemas"
LANES = ("careful", "weak")
# Two shards of one run: in `b` the fault bites as it must, in `c` it proves nothing.
SPLIT = (
    (("a", "careful"), ("a", "weak"), ("c", "careful"), ("c", "weak")),
    (("b", "careful"), ("b", "weak")),
)


def conduct(folder: Path, cells: Iterable[tuple[str, str]], **facts: Any) -> Path:
    """Leave the evidence of these cells in a run's folder."""
    cells = tuple(cells)
    for scenario, design in cells:
        runs.put(
            folder,
            design,
            scenario=scenario,
            lanes=LANES,
            bites={
                "b": {"weak": ("stranded_pending",)},
                "c": {"weak": ("overlap",)},
            }.get(scenario, {}),
            harm=damage.stranded_pending if design == "weak" else None,
            promises=("every_job_starts",) if design == "careful" else (),
        )
    runs.run_json(folder, id=folder.name, cells=cells, designs=LANES, **facts)
    return folder


def shard(
    folder: Path,
    number: int,
    *,
    split: tuple[tuple[tuple[str, str], ...], ...] = SPLIT,
    **facts: Any,
) -> Path:
    """Leave the folder of one shard, conducted with a command of its own."""
    options = f"--shard={number}/{len(split)} --reports shards/{number}"
    asked = {"command": f"pytest scenarios -k 'a or b' {options} --seed 7"}
    part = Shard(number=number, cells=split)
    return conduct(
        folder / f"s{number}", split[number - 1], shard=part, **(asked | facts)
    )


def merged(folder: Path, *parts: Path) -> tuple[int, Any]:
    """Merge and return the exit code and results.json."""
    code = merge.merge(parts, folder / "merged", lambda _: None)
    return code, read(folder / "merged")


def read(folder: Path) -> Any:
    """Return results.json as an outsider reads it."""
    return json.loads((folder / "results.json").read_text())


def test_merged_shards_are_the_run_that_was_not_split(tmp_path: Path) -> None:
    """Every verdict, number, reason and story; the cross-check of `bites` included."""
    whole = conduct(
        tmp_path / "whole",
        sorted((*SPLIT[0], *SPLIT[1])),
        command="pytest scenarios -k 'a or b' --seed 7",
        scenarios=("a", "b", "c"),
    )
    code = judge_run(whole)
    found, results_of = merged(tmp_path, shard(tmp_path, 2), shard(tmp_path, 1))
    expected = read(whole)
    assert found == code == 10
    assert [each["cross_check"] for each in expected["cells"][2:4]] == ["seen", "seen"]
    assert "proved nothing" in expected["cells"][4]["because"][0]
    for part in ("cells", "not_run", "headline", "exit_code"):
        assert results_of[part] == expected[part]
    other = {"id", "merged"}
    for name in set(expected["run"]) - other:
        assert results_of["run"][name] == expected["run"][name], name


def test_a_merged_run_is_a_run_like_any_other(tmp_path: Path) -> None:
    """It has every output and the logs, fits its schemas, and is judged again."""
    one, two = shard(tmp_path, 1), shard(tmp_path, 2)
    (one / "a" / "services").mkdir()
    (one / "a" / "services" / "redis.log").write_text("ready\n")
    code, found = merged(tmp_path, one, two)
    folder = tmp_path / "merged"
    assert (folder / "a/services/redis.log").read_text() == "ready\n"
    facts = json.loads((folder / "run.json").read_text())
    for name, value in (("run", facts), ("results", found)):
        schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(value)
    assert f"[[ATTACHMENT|{folder}/index.html]]" in (folder / "junit.xml").read_text()
    before = {each: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    assert judge_run(folder) == code
    assert before == {each: each.read_bytes() for each in before}
    assert "index.html" in {each.name for each in before}


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    """Its cells were asked for and have no verdict: incomplete, and never green."""
    code, found = merged(tmp_path, shard(tmp_path, 2))
    assert code == 10
    assert found["headline"].endswith("incomplete without shard 1/2")
    missing = [each for each in found["cells"] if each["verdict"] == "none"]
    assert [(each["scenario"], each["design"]) for each in missing] == list(SPLIT[0])
    assert {each["because"][0] for each in missing} == {"shard 1/2 is missing"}


def test_a_shard_that_had_nothing_to_do_is_not_missed(tmp_path: Path) -> None:
    """It left no folder."""
    code, found = merged(tmp_path, shard(tmp_path, 1, split=(SPLIT[1], ())))
    assert (code, found["run"]["missing"]) == (0, [])


@pytest.mark.parametrize(
    ("facts", "code", "because"),
    [
        ({"interrupted": True}, 2, "the run was interrupted"),
        ({"harness_error": "no stack"}, 3, "the harness failed"),
        ({"not_run": (NotRun(scenario="b", design="weak", because="no"),)}, 0, "no"),
    ],
)
def test_how_a_shard_ended_is_how_the_run_ended(
    tmp_path: Path, facts: dict[str, Any], code: int, because: str
) -> None:
    """With the reason for the cells of that shard, and of no other."""
    split = (SPLIT[0][:2], SPLIT[1])
    one, two = shard(tmp_path, 1, split=split), shard(tmp_path, 2, split=split, **facts)
    for path in (two / "b" / "weak").iterdir():
        path.unlink()
    found, results_of = merged(tmp_path, one, two)
    assert found == code
    assert results_of["not_run"] == [
        {"scenario": "b", "design": "weak", "lane": "weak", "because": because}
    ]


def test_machines_that_differ_are_told_apart(tmp_path: Path) -> None:
    """Which shard ran where and with what stands in the foot of the report."""
    for number, cores, celery in ((1, 2, "5.5"), (2, 64, "5.6")):
        shard(
            tmp_path,
            number,
            host=Host(cores=cores, memory_bytes=2**33, kernel="6.1"),
            versions={"celery": celery},
            images={"redis": "sha256:1"},
        )
    _, found = merged(tmp_path, tmp_path / "s1", tmp_path / "s2")
    run = found["run"]
    assert run["versions"] == {"celery": "5.5 (shard 1/2), 5.6 (shard 2/2)"}
    assert run["images"] == {"redis": "sha256:1"}
    assert run["host"] is None
    assert [each["host"]["cores"] for each in run["merged"]] == [2, 64]
    page = (tmp_path / "merged" / "index.html").read_text()
    assert "5.5 (shard 1/2), 5.6 (shard 2/2)" in page
    foot = page[page.index("<footer>") :]
    assert "machine of shard 2/2</dt><dd>64 cores, 8.0 GiB, kernel 6.1" in foot


def test_the_same_twice_is_taken_once(tmp_path: Path) -> None:
    """A glob may name a folder and a copy of it."""
    one, two = shard(tmp_path, 1), shard(tmp_path, 2)
    code, found = merged(tmp_path, one, two, one, shard(tmp_path / "copy", 1))
    assert code == 10
    assert len(found["cells"]) == 6
    assert [each["name"] for each in found["run"]["merged"]] == [
        "shard 1/2",
        "shard 2/2",
    ]


def test_a_merged_run_can_be_merged_with_what_was_late(tmp_path: Path) -> None:
    """What it lacked before is then there."""
    merged(tmp_path / "early", shard(tmp_path, 1))
    _, found = merged(tmp_path, tmp_path / "early" / "merged", shard(tmp_path, 2))
    assert found["run"]["missing"] == []
    assert len(found["cells"]) == 6


# --- what cannot be one run ---------------------------------------------------


def other_evidence(one: Path) -> None:
    """The same shard once more, with another history."""
    path = one / "a" / "careful" / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"celery":"5.5"', b'"celery":"5.6"'))


def other_promise(one: Path) -> None:
    """A design of the same name that promises something else."""
    path = one / "b" / "careful" / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b"every_job_starts", b"runs_once"))


def other_seed(one: Path) -> None:
    """Another draw."""
    change(one, seed=8)


def other_split(one: Path) -> None:
    """A shard of a smaller selection."""
    change(one, shard={"number": 2, "cells": [[], [["b", "careful"]]]})


def other_version(one: Path) -> None:
    """A harness of tomorrow."""
    change(one, schema_version=history.SCHEMA_VERSION + 1)


def no_run(one: Path) -> None:
    """A folder of something else."""
    (one / "run.json").unlink()


def unreadable(one: Path) -> None:
    """Half a run.json."""
    (one / "run.json").write_text("{")


def change(folder: Path, **facts: Any) -> None:
    """Change run.json of a folder."""
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


@pytest.mark.parametrize(
    ("number", "spoil", "said"),
    [
        (1, other_evidence, r"^a × careful is in .*s1 and in .*again/s1, and differs"),
        (
            2,
            other_promise,
            r"^careful promises every_job_starts in .*runs_once in .*s2",
        ),
        (2, other_seed, r"^shard 1/2 has seed 7 and shard 2/2 seed 8: give all shards"),
        (2, other_split, r"^shard 1/2 \(s1\) and shard 2/2 \(s2\) were not given"),
        (2, other_version, r"s2 was left by another version of the harness"),
        (2, no_run, r"s2 is not the folder of a run: run.json .*No such file"),
        (2, unreadable, r"s2 is not the folder of a run: run.json cannot be read"),
    ],
)
def test_what_cannot_be_one_run_is_refused(
    tmp_path: Path, number: int, spoil: Callable[[Path], None], said: str
) -> None:
    """With a sentence, before anything is written."""
    one = shard(tmp_path, 1)
    two = shard(tmp_path / "again", number)
    spoil(two)
    with pytest.raises(UsageError, match=said):
        merge.merge([one, two], tmp_path / "merged", print)
    assert {each.name for each in tmp_path.iterdir()} == {"s1", "again"}


def test_a_scenario_conducted_twice_is_no_run(tmp_path: Path) -> None:
    """Its fault hit these designs at different times: no witness for each other."""
    one = conduct(tmp_path / "one", [("b", "careful")])
    two = conduct(tmp_path / "two", [("b", "weak")])
    with pytest.raises(UsageError, match=r"^b is in .*one and in .*two, and differs"):
        merge.merge([one, two], tmp_path / "merged", print)


def test_what_is_there_already_is_not_touched(tmp_path: Path) -> None:
    """An older run may lie there."""
    (tmp_path / "merged").mkdir()
    with pytest.raises(UsageError, match="merged is there already"):
        merge.merge([shard(tmp_path, 1)], tmp_path / "merged", print)
    assert not list((tmp_path / "merged").iterdir())


@pytest.mark.parametrize(
    ("broken", "error", "becomes"),
    [
        ("shutil.copytree", OSError(28, "No space left"), EvidenceNotWritten),
        ("judge_run", KeyboardInterrupt(), KeyboardInterrupt),
        ("judge_run", EvidenceNotWritten("full"), EvidenceNotWritten),
    ],
)
def test_nothing_half_written_is_left(
    tmp_path: Path,
    broken: str,
    error: BaseException,
    becomes: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However it ends, the new folder is whole or not there."""
    one = shard(tmp_path, 1)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(f"harness.merge.{broken}", fail)
    with pytest.raises(becomes):
        merge.merge([one], tmp_path / "merged", print)
    assert [each.name for each in tmp_path.iterdir()] == ["s1"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceNotWritten, match=r"cannot write .*Not a directory"):
        merge.merge([shard(tmp_path, 1)], tmp_path / "file" / "merged", print)


# --- on the command line ------------------------------------------------------


def test_the_command_tells_and_exits_with_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1, since a promise is broken in one of them; the last line is the report."""
    split = ((("a", "careful"),), (("b", "broke"),))
    one = shard(tmp_path, 1, split=split)
    two = tmp_path / "two"
    runs.put(two, "broke", scenario="b", harm=damage.stranded_pending)
    runs.run_json(two, cells=split[1], shard=Shard(number=2, cells=split))
    into = tmp_path / "merged"
    code = command_line.main(["merge", str(one), str(two), "--into", str(into)])
    said = capsys.readouterr().out
    assert code == 1
    assert "broke  b × broke  every_job_starts is promised and broken" in said
    assert said.endswith(f"the report: {into}/index.html\n")
    assert not (tmp_path / "latest").exists()


def test_without_a_place_it_is_the_latest_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after any run."""
    (tmp_path / "compose.yaml").touch()
    monkeypatch.chdir(tmp_path)
    one = shard(tmp_path, 1, split=((("a", "careful"),),))
    assert command_line.main(["merge", str(one)]) == 0
    assert read(tmp_path / "reports" / "latest")["exit_code"] == 0


def test_what_cannot_be_merged_is_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence."""
    assert command_line.main(["merge", str(tmp_path)]) == 4
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"harness merge: {tmp_path} is not the folder of a run")
