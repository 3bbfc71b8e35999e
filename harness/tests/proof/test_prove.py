"""Who runs in which story on which stack: everybody once, and never too many."""

from harness.proof import prove
from harness.proof.defects import select, with_neighbours


def test_every_defect_has_one_lane() -> None:
    """Stories run side by side on a stack, so none of its lanes is in two of them."""
    planted = with_neighbours(select(None))

    stacks = [
        [lane for _, lanes in cast for lane in lanes] for cast in prove._casts(planted)
    ]

    everybody = [lane for lanes in stacks for lane in lanes]
    assert {each.name for each in planted} <= set(everybody)
    assert len(everybody) == len(set(everybody))
    assert max(len(lanes) for lanes in stacks) <= prove._LANES_AT_ONCE


def test_clean_designs_run_beside_defects_where_nothing_goes_wrong() -> None:
    """In the story without a fault, what they start from must stay clean."""
    (cast,) = prove._casts(select("wrong_result"))

    assert [(story.name, lanes) for story, lanes in cast] == [
        ("quiet", ["outbox", "wrong_result"])
    ]
