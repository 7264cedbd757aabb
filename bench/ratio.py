"""What a bench gives back: ours against a yardstick, both measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """One claim: ours, in ``unit``, is at most ``bound`` times the yardstick, in the same unit."""

    what: str
    ours: float
    against: str
    yardstick: float
    bound: float
    unit: str = "s"

    @property
    def value(self) -> float:
        """How many times the yardstick ours is."""
        return self.ours / self.yardstick

    @property
    def holds(self) -> bool:
        """Whether the claim is true on this run."""
        return self.value <= self.bound
