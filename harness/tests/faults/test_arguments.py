"""Faults say what is wrong with their arguments before anything starts."""

import pytest

from harness.conditions import accepted
from harness.errors import UsageError
from harness.faults import kill, poison, refuse, silence

WHEN = accepted(1)


@pytest.mark.parametrize("seconds", [0, -1, 601])
def test_a_fault_lasts_above_nothing_and_at_most_ten_minutes(seconds: float) -> None:
    """A fault without an end would never be verified."""
    for make in (
        lambda: refuse("*", "rabbitmq", when=WHEN, for_seconds=seconds),
        lambda: kill("worker", when=WHEN, for_seconds=seconds),
        lambda: poison(when=WHEN, for_seconds=seconds),
    ):
        with pytest.raises(UsageError, match="for_seconds"):
            make()


def test_silence_loses_requests_replies_or_both() -> None:
    """Anything else is a slip of the pen."""
    with pytest.raises(UsageError, match="'everything'"):
        silence("web", "rabbitmq", lost="everything", when=WHEN, for_seconds=1)  # type: ignore[arg-type]


def test_a_fault_tells_its_story_in_one_sentence() -> None:
    """The report shows it to readers who never see the code."""
    fault = silence(
        ("web", "relay"), "rabbitmq", lost="requests", when=accepted(40), for_seconds=5
    )

    assert fault.target == "web and relay → rabbitmq"
    assert fault.sentence == (
        "web and relay → rabbitmq: requests are lost without a word, connections stay "
        "open, for 5 s, when 40 jobs were accepted"
    )
