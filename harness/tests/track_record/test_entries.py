"""Entries, stories and the README's table say the same."""

import re
from pathlib import Path

import pytest

from harness import checkers
from harness.designs import find_designs
from harness.errors import UsageError
from harness.scenario import read_story
from harness.stack.versions import parse
from harness.track_record import record
from harness.track_record.entries import ENTRIES, Entry, select

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_has_a_story_that_names_it(entry: Entry) -> None:
    """And a design, an anomaly and versions that there are."""
    source = PROJECT / "scenarios" / f"test_{entry.story}.py"
    claim = read_story(source, PROJECT).claim
    assert re.search(rf"\b{entry.name}\b", claim), f"{source} does not name it"
    assert entry.design in find_designs(PROJECT)
    assert entry.shows.partition(": ")[0] in checkers.kinds()
    assert not entry.celery or len(parse(entry.celery)) == 1
    for issue in entry.upstream:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", issue)


def test_an_entry_is_known_by_its_name_and_story() -> None:
    """A count would otherwise be taken for another's."""
    names = [(entry.name, entry.story) for entry in ENTRIES]
    assert len(names) == len(set(names)) >= 15


def test_the_readme_s_table_is_what_was_counted() -> None:
    """`harness track-record` writes both; nobody else does."""
    _, found, rest = (PROJECT / "README.md").read_text().partition(record.BEGIN)
    told, also_found, _ = rest.partition(record.END)
    assert found
    assert also_found
    assert told == record.table(record.read())


def test_all_that_was_counted_belongs_to_an_entry() -> None:
    """An entry that is gone, or looks for something else now, is counted anew."""
    for tally in record.read():
        assert any(tally.is_of(entry) for entry in ENTRIES), tally
        assert 0 <= tally.shown <= tally.of - tally.without_verdict


def test_entries_are_selected_by_name() -> None:
    """In the order of the list; a slip is answered by the names that there are."""
    assert [each.name for each in select("CON-01, PUB-01")] == ["PUB-01", "CON-01"]
    assert select(None) == ENTRIES
    with pytest.raises(UsageError, match=r"'PUB-99'; there is .*PUB-01"):
        select("PUB-99")
