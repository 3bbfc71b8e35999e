"""Tests of jobs/bodies.py."""

import pytest

from jobs import bodies


@pytest.mark.parametrize(
    ("type", "argument", "result"),
    [
        ("power", 0, 1),
        ("power", 8, 256),
        ("fibonacci", 0, 0),
        ("fibonacci", 1, 1),
        ("fibonacci", 10, 55),
        ("sleep", 1, 1),
    ],
)
def test_each_type_gives_its_result(type: str, argument: int, result: int) -> None:
    """A job's result is what its type and argument say."""
    assert bodies.run(1, type, argument) == result


@pytest.mark.parametrize("type", ["power", "fibonacci"])
def test_the_largest_argument_is_the_last_that_fits(type: str) -> None:
    """One more than the largest argument would need more than 64 bits."""
    largest = max(bodies.ARGUMENTS[type])

    assert bodies.run(1, type, largest) < 2**63 <= bodies.run(1, type, largest + 1)


def test_each_type_has_a_body_a_range_and_a_task() -> None:
    """A type that is offered can be asked for and run."""
    from jobs.models import Job
    from jobs.tasks import TASK_MAPPING

    types = set(Job.Type.values)

    assert types == set(bodies.BODIES) == set(bodies.ARGUMENTS) == set(TASK_MAPPING)
