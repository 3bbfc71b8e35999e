"""A stack for as long as a block runs, for whoever conducts stories without pytest.

It exists so that setting up, starting and leaving are in one order in one place.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.stack import stack as stacks
from harness.stack.lane_plan import LanePlan
from harness.stack.progress import Tell
from harness.stack.setup import set_up, set_up_versions


@contextlib.contextmanager
def standing(
    project: Path, lanes: Sequence[LanePlan], tell: Tell
) -> Iterator[stacks.Stack]:
    """Give a stack with these lanes, which is removed after the block."""
    set_up(project, tell)
    set_up_versions(project, lanes, tell)
    stack = stacks.up(project, lanes=lanes, keep=False, tell=tell)
    try:
        tell("the stack is up")
        yield stack
    finally:
        stacks.leave(stack, tell)
