"""One number that a benchmark measured, and the limit that it must keep."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`what` was measured: `value` in `unit`. Without a limit it is only told."""

    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_well(self) -> bool:
        """Say whether the limit is kept."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def line(self) -> str:
        """Say it in one line of a table."""
        limit, problem = "", ""
        if self.at_most is not None:
            limit, problem = f"at most {self.at_most:g}", "TOO MUCH"
        elif self.at_least is not None:
            limit, problem = f"at least {self.at_least:g}", "TOO LITTLE"
        verdict = "" if self.is_well else problem
        amount = f"{self.value:,.3g}" if self.value < 1000 else f"{self.value:,.0f}"
        said = f"{self.what:<62} {amount:>10} {self.unit:<9} {limit} {verdict}"
        return said.rstrip()
