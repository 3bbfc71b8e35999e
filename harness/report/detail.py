"""How much of a run the page draws, so that it stays small enough to be sent.

It exists so that what is left out is chosen in one place, in an order, and said. A
harmed job is never left out for room; nor is any verdict, cause or number.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.verdict import CellVerdict

LIMIT_BYTES = 5_000_000

_ALL = frozenset(CellVerdict)
_UNKEPT = _ALL - {CellVerdict.KEPT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What is drawn. `logs` and `charts` name the verdicts of the cells that have them.

    `coarse` draws dots of unharmed jobs on a grid of two pixels, lines on one of four.
    """

    survivors: bool = True
    coarse: bool = False
    logs: frozenset[CellVerdict] = _ALL
    charts: frozenset[CellVerdict] = _ALL

    @property
    def left_out(self) -> tuple[str, ...]:
        """Say in words what is not drawn."""
        return tuple(self._left_out())

    def _left_out(self) -> Iterator[str]:
        if not self.survivors:
            yield "the jobs that survived, to compare with"
        if self.coarse:
            yield "dots within two pixels of another, and steps within four"
        if not self.logs:
            yield "the excerpts of the logs"
        elif self.logs != _ALL:
            yield "the logs of cells that kept their promises"
        if self.charts != _ALL:
            yield "the charts of cells that kept their promises"


# From all there is, step by step, to what a page of any run has.
DETAILS = (
    Detail(),
    Detail(survivors=False),
    Detail(survivors=False, coarse=True),
    Detail(survivors=False, coarse=True, logs=_UNKEPT),
    Detail(survivors=False, coarse=True, logs=frozenset()),
    Detail(survivors=False, coarse=True, logs=frozenset(), charts=_UNKEPT),
)
