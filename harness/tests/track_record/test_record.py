"""What was counted, kept and told."""

from pathlib import Path

import msgspec
import pytest

from harness.errors import UsageError
from harness.report.results import CellResult
from harness.tests.histories import damage
from harness.tests.histories.build import facts, history, sealed
from harness.tests.histories.judged import judged
from harness.track_record import record
from harness.track_record.entries import ENTRIES
from harness.track_record.record import Seen, Tally
from harness.track_record.tries import is_shown

FIRST, SECOND = ENTRIES[:2]
VERSIONS = {"celery": "5.7.0", "postgres": "17"}


def tally(shown: int = 3, *, date: str | None = "2026-11-25", **fields: int) -> Tally:
    """Return a count of the first entry."""
    seen = Seen(commit="abc", date=date, versions=VERSIONS) if date else None
    return Tally(
        entry=FIRST.name,
        story=FIRST.story,
        design=FIRST.design,
        celery=FIRST.celery,
        shows=FIRST.shows,
        shown=shown,
        of=20,
        without_verdict=fields.get("without_verdict", 0),
        last_shown=seen,
    )


def test_a_new_count_takes_the_place_of_the_one_before() -> None:
    """Others stay, in the order of the entries."""
    other = msgspec.structs.replace(tally(), entry=SECOND.name, story=SECOND.story)
    kept = record.put(record.put((), other), tally(3))
    assert [each.entry for each in kept] == [FIRST.name, SECOND.name]
    assert [each.shown for each in record.put(kept, tally(5))] == [5, 3]


def test_what_is_not_seen_any_more_was_seen_last_before() -> None:
    """A failure that is mended is told with the day when it still showed."""
    (kept,) = record.put((tally(3),), tally(0, date=None))
    assert kept.shown == 0
    assert kept.last_shown is not None
    assert kept.last_shown.date == "2026-11-25"


def test_the_table_has_a_row_for_each_entry() -> None:
    """Counted or not; what was counted for something else is not this entry's."""
    rows = record.table([tally(without_verdict=2)]).splitlines()[2:]
    assert len(rows) == len(ENTRIES)
    assert (
        "| 3 of 20, 2 without a verdict | 2026-11-25, `abc`, Celery 5.7.0 |" in rows[0]
    )
    assert f"| {SECOND.name} |" in rows[1]
    assert "| not counted yet | – |" in rows[1]
    old = msgspec.structs.replace(tally(), shows="something else")
    assert "| not counted yet | – |" in record.table([old]).splitlines()[2]
    never = record.table([tally(0, date=None)]).splitlines()[2]
    assert "| 0 of 20 | never |" in never


def test_record_and_readme_are_written_together(tmp_path: Path) -> None:
    """What stands around the table stays."""
    readme, path = tmp_path / "README.md", tmp_path / "record.json"
    readme.write_text(f"before\n{record.BEGIN}old\n{record.END}after\n")
    record.write((tally(),), readme, path)
    assert record.read(path) == (tally(),)
    table = record.table([tally()])
    assert readme.read_text() == f"before\n{record.BEGIN}{table}{record.END}after\n"


def test_what_cannot_be_written_or_read_is_a_sentence(tmp_path: Path) -> None:
    """A README without a place for it, a record that is none; no record is no count."""
    readme, path = tmp_path / "README.md", tmp_path / "record.json"
    readme.write_text("nothing\n")
    with pytest.raises(UsageError, match="no place for the track record"):
        record.write((tally(),), readme, path)
    assert record.read(path) == ()
    path.write_text("[1]")
    with pytest.raises(UsageError, match="cannot be read"):
        record.read(path)


@pytest.mark.parametrize(
    ("harm", "shown"),
    [
        ("stranded_pending", True),
        ("stranded_pending: never published", True),
        ("stranded_pending: never confirmed", False),
        ("duplicate_effect", False),
    ],
)
def test_a_failure_is_shown_by_its_anomaly(harm: str, *, shown: bool) -> None:
    """With the cause where that is named; a cell without a verdict shows nothing."""
    cell = judged(history(sealed(damage.stranded_pending(facts(2), 2))))
    assert is_shown(cell, harm) is shown
    cut = judged(history(damage.stranded_pending(facts(2), 2)))
    assert isinstance(cut, CellResult)
    assert not is_shown(cut, harm)
