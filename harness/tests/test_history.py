"""A history file: what is read, where reading stops, and the schema of a line."""

import json
from pathlib import Path

import jsonschema
import pytest

from harness import history
from harness.history import End, Row, encode, parse
from harness.tests.histories.build import cell, facts, lines, sealed

SCHEMA = Path(history.__file__).parent / "report/schemas/history.schema.json"


def test_events_come_back_as_they_were_written() -> None:
    """Every kind of event survives the way through the file."""
    events = sealed(facts(2))
    read = parse(lines(events).splitlines(keepends=True))
    assert read.broken is None
    assert sorted(map(encode, read)) == sorted(map(encode, events))


def test_events_are_ordered_by_time() -> None:
    """Lines may stand in any order: readers get them by time."""
    read = parse(reversed(lines(sealed(facts(2))).splitlines(keepends=True)))
    times = [event.time for event in read]
    assert times == sorted(times)


def test_events_of_one_instant_are_in_the_same_order_whoever_wrote_first() -> None:
    """Writers race; what is judged does not depend on it."""
    at_once = [End(time=5.0, events=number) for number in (3, 1, 2)]
    written = [encode(event) for event in at_once]
    assert parse(written) == parse(written[::-1])
    assert [event.events for event in parse(written).of(End)] == [1, 2, 3]


@pytest.mark.parametrize(
    "bad",
    [
        b'{"kind":"end","time":1.0,"eve',
        b'{"kind":"end","time":1.0,"events":1}',
        b"\x00\xff\n",
        b"\n",
        b'{"kind":"no such kind","time":1.0}\n',
        b'{"kind":"end","time":"soon","events":1}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_reading_stops_at_the_first_line_that_is_no_event(bad: bytes) -> None:
    """The break is named by its line, and nothing after it is read."""
    good = encode(End(time=5.0, events=1))
    read = parse([encode(cell()), bad, good])
    assert read.broken is not None
    assert read.broken.startswith("line 2 ")
    assert len(read.events) == 1


def test_a_line_that_is_cut_off_is_said_to_be_so() -> None:
    """The disk was full, or the harness was killed in the middle of it."""
    read = parse([encode(cell())[:-1]])
    said = "line 1 cannot be read (the line is cut off); reading stopped there"
    assert read.broken == said


def test_an_empty_file_is_a_history_without_events(tmp_path: Path) -> None:
    """Nothing written is no error of the reader."""
    (tmp_path / "history.jsonl").touch()
    read = history.read(tmp_path / "history.jsonl")
    assert (read.events, read.broken) == ((), None)


def test_of_gives_the_events_of_one_kind() -> None:
    """Asking for a kind gives all of it and nothing else."""
    read = parse(lines(sealed(facts(3))).splitlines(keepends=True))
    assert [row.job for row in read.of(Row)] == [1, 2, 3]
    assert read.of(history.HarnessFailed) == ()


def test_the_shipped_schema_is_the_one_of_the_code() -> None:
    """`python -m harness.report.schemas` was run after the last change."""
    assert json.loads(SCHEMA.read_text()) == json.loads(json.dumps(history.schema()))


def test_the_shipped_schema_of_a_run_is_the_one_of_the_code() -> None:
    """run.json has a schema, too."""
    shipped = json.loads((SCHEMA.parent / "run.schema.json").read_text())
    assert shipped == json.loads(json.dumps(history.run_schema()))


def test_a_kind_is_the_name_of_its_struct_in_small_letters() -> None:
    """`SubmitBegun` is written as `submit_begun`."""
    assert history._tag("SubmitBegun") == "submit_begun"
    assert history._tag("End") == "end"


def test_the_schema_accepts_what_is_written_and_refuses_what_is_not() -> None:
    """An outsider can check a line before the harness reads it."""
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for line in lines(sealed(facts(1))).splitlines():
        validator.validate(json.loads(line))
    assert not validator.is_valid({"kind": "row", "time": 1.0})
    assert not validator.is_valid({"kind": "nothing", "time": 1.0})
