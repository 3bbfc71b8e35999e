"""Tests of jobs/serializers.py: which jobs can be asked for."""

from typing import Any

import pytest

from jobs.serializers import JobFilter, JobSerializer


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "power", "argument": 62},
        {"type": "fibonacci", "argument": 92, "key": "a"},
        {"type": "sleep", "argument": 60_000, "key": None},
        {"type": "sleep", "argument": 0, "key": "x" * 100},
    ],
)
def test_a_job_that_can_end_well_is_accepted(asked: dict[str, Any]) -> None:
    """Arguments up to the largest, with or without a key, are accepted as they are."""
    serializer = JobSerializer(data=asked)

    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == asked


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        ({"type": "power", "argument": 63}, "argument", "does not fit into 64 bits"),
        ({"type": "fibonacci", "argument": 93}, "argument", "from 0 to 92"),
        ({"type": "power", "argument": 10**30}, "argument", "from 0 to 62"),
        ({"type": "power", "argument": -1}, "argument", "for a negative one"),
        ({"type": "sleep", "argument": 60_001}, "argument", "milliseconds"),
        ({"type": "sleep", "argument": 1.5}, "argument", "valid integer"),
        ({"type": "sleep", "argument": True}, "argument", "valid integer"),
        ({"type": "sleep", "argument": float("inf")}, "argument", "valid integer"),
        ({"type": "sleep"}, "argument", "required"),
        ({"type": "nap", "argument": 1}, "type", "there is power, fibonacci"),
        ({"type": "sleep", "argument": 1, "key": ""}, "key", "blank"),
        ({"type": "sleep", "argument": 1, "key": "x" * 101}, "key", "100 characters"),
        ({"type": "sleep", "argument": 1, "key": "\0"}, "key", "Null characters"),
        ({"type": "sleep", "argument": 1, "key": "\ud800"}, "key", "Surrogate"),
    ],
)
def test_a_job_that_cannot_is_refused_with_the_reason(
    asked: dict[str, Any], field: str, says: str
) -> None:
    """What could never end well is a clear error, at the field that is to blame."""
    serializer = JobSerializer(data=asked)

    assert not serializer.is_valid()
    assert says in str(serializer.errors[field])


def test_a_client_sets_neither_status_nor_result() -> None:
    """Fields that are ours are not taken from a request."""
    asked = {"type": "power", "argument": 1, "status": "finished", "result": 7}
    serializer = JobSerializer(data=asked)

    assert serializer.is_valid()
    assert set(serializer.validated_data) == {"type", "argument"}


def test_a_filter_that_no_database_takes_is_refused() -> None:
    """A key with a NUL is an error of the client's, not ours."""
    assert not JobFilter(data={"key": "\0"}).is_valid()
