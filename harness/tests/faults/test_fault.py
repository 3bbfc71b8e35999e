"""What probes felt is one answer: all of it, or what is not there yet."""

from harness.faults.fault import NotYet, gather
from harness.history import Reading

FELT = Reading(on="web → rabbitmq", used=True, observed="silent", seconds=1)


def test_what_all_felt_is_the_answer() -> None:
    """One reading of each."""
    assert gather([FELT, FELT]) == (FELT, FELT)


def test_who_feels_nothing_yet_is_told() -> None:
    """Each of them, and none of the others."""
    found = (FELT, NotYet("worker → rabbitmq: served"), NotYet("relay: served"))
    assert gather(found) == NotYet("worker → rabbitmq: served; relay: served")


def test_nothing_tried_proves_nothing() -> None:
    """A fault that nobody could feel has not bitten."""
    assert gather([]) == NotYet("nothing to try")
