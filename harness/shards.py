"""A run in shards: which of its scenarios each of several machines conducts.

It exists so that a large matrix takes the time of its longest shard. A scenario is
never split, since it is conducted once for all its designs. Each machine works out the
same split by itself, from the scenarios that are selected and nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UsageError

# So that a run in shards is one run: each machine would draw another seed.
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which shard was asked for: the `number`th, from 1, `of` so many."""

    number: int
    of: int


def parse(text: str) -> Asked:
    """Read what `--shard` was given, such as 2/4. Raises UsageError."""
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= of:
        raise UsageError(
            f"--shard {text}: write K/N, the K-th of N shards, such as --shard 2/4; "
            "K is from 1 to N"
        )
    return Asked(number=number, of=of)


def split(seconds: Mapping[str, float], of: int) -> tuple[frozenset[str], ...]:
    """Share scenarios out to `of` shards, by how long each is expected to take.

    The longest go first, each to the shard that has least to do so far.
    """
    shards: list[set[str]] = [set() for _ in range(of)]
    load = [0.0] * of
    for name in sorted(seconds, key=lambda name: (-seconds[name], name)):
        least = load.index(min(load))
        shards[least].add(name)
        load[least] += seconds[name]
    return tuple(frozenset(shard) for shard in shards)
