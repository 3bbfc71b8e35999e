"""The example that is committed: small, whole, and silent about who made it."""

import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest

from harness import example, run_folder
from harness.errors import UsageError
from harness.history import Host, RunFacts, read
from harness.report import html, results, schemas
from harness.report.results import anchor
from harness.tests.histories import runs
from harness.tests.histories.build import promising

PROJECT = Path(__file__).parents[2]
COMMITTED = PROJECT / "reports" / "example"
SCHEMAS = Path(schemas.__file__).parent
NAMES = {"/home/jo/ground": ".", "/home/jo": "~", "jo-laptop": "this-machine"}


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Path:
    """Return a run whose evidence names the machine wherever it can."""
    folder = tmp_path / "run"
    runs.put(folder, "kept", workload="see /home/jo/ground/scenarios")
    promises = promising("every_job_starts")
    runs.put(folder, "broke", harm=runs.harming(60, design="broke", promises=promises))
    (folder / "story/broke/web.log").write_text(
        "2023-11-14T22:13:23.000000000Z error on jo-laptop in /home/jo/x.py\n"
    )
    runs.run_json(
        folder,
        command="pytest scenarios --reports /home/jo/ground/reports",
        host=Host(cores=2, memory_bytes=2**33, kernel="6.18.44-jo-laptop"),
    )
    return folder


def test_no_name_of_the_machine_is_left_and_the_verdicts_are_the_same(
    run: Path, tmp_path: Path
) -> None:
    """In no file, in no log's excerpt; the kernel is a number."""
    made = tmp_path / "example"
    example.make(run, made, names=NAMES)
    files = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()}
    assert files == {*example.OUTPUTS, "story/broke/history.jsonl"}
    for path in made.rglob("*.*"):
        assert not re.search("jo-laptop|/home/jo", path.read_text()), path
    page = (made / "index.html").read_text()
    assert "error on this-machine in ~/x.py" in page
    facts = msgspec.json.decode((made / "run.json").read_bytes(), type=RunFacts)
    assert facts.command == "pytest scenarios --reports ./reports"
    assert facts.host is not None
    assert facts.host.kernel == "6.18.44"
    found = results.decode((made / "results.json").read_bytes())
    assert {c.design: c.verdict.value for c in found.cells} == {
        "kept": "kept",
        "broke": "broke",
    }


def test_only_jobs_that_have_a_page_keep_their_events(
    run: Path, tmp_path: Path
) -> None:
    """All are counted; the rest of the story is what makes a file large."""
    for design in ("a", "b", "c", "d"):
        runs.put(run, design, harm=runs.harming(60, design=design))
    made = tmp_path / "example"
    example.make(run, made, names={})
    found = results.decode((made / "results.json").read_bytes())
    stories = [story for cell in found.cells for story in cell.stories]
    assert len(stories) == 300
    assert sum(1 for story in stories if story.events) == 200


def test_an_older_example_makes_room_whole(run: Path, tmp_path: Path) -> None:
    """What was there is gone; nothing half made lies beside it."""
    made = tmp_path / "example"
    (made / "old").mkdir(parents=True)
    example.make(run, made, names={})
    assert not (made / "old").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name[0] == "."] == []


def test_what_cannot_be_shown_is_a_usage_error(run: Path, tmp_path: Path) -> None:
    """No folder, no cells, the example itself: what was there stays."""
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match="has no cell to show"):
        example.make(empty, tmp_path / "example", names={})
    with pytest.raises(UsageError, match="is the example itself"):
        example.make(run, run, names={})
    (run / "run.json").write_text("{")
    with pytest.raises(UsageError, match=r"run\.json cannot be read"):
        example.make(run, tmp_path / "example", names={})
    assert not (tmp_path / "example").exists()


def test_this_machine_has_names() -> None:
    """The project's folder before the home that it may lie in."""
    names = example.machine_names(PROJECT)
    assert names[str(PROJECT)] == "."
    assert list(names) == sorted(names, key=len, reverse=True)
    assert run_folder.this_host().kernel not in names


# --- the one in the repository ------------------------------------------------------

committed = pytest.mark.skipif(
    not COMMITTED.exists(), reason="there is no example yet: make example"
)


@committed
def test_it_fits_todays_schemas_and_is_drawn_by_todays_code() -> None:
    """Every cell that it has is on the page that it has."""
    data = (COMMITTED / "results.json").read_bytes()
    schema = json.loads((SCHEMAS / "results.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(data))
    found = results.decode(data)
    page = (COMMITTED / "index.html").read_text()
    drawn = html.render(found)
    for cell in found.cells:
        where = f'id="{anchor(cell.scenario, cell.design)}"'
        assert where in page
        assert where in drawn
    assert found.headline.lower() in page.lower()
    (history,) = COMMITTED.glob("*/*/history.jsonl")
    assert read(history).broken is None


@committed
def test_it_is_small_and_names_no_path_of_a_machine() -> None:
    """Whoever clones the repository does not wait for it."""
    files = [path for path in COMMITTED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 12_000_000
    private = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp)/[\w.]+")
    for path in files:
        assert private.findall(path.read_text("utf-8", "replace")) == [], path
