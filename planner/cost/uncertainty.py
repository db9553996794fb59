"""How sure a decision is when its inputs are only known as ranges."""

from __future__ import annotations

import random
from collections.abc import Callable

from planner.model.frozen import dataclass

DRAWS = 2000  # the standard error of a probability of one half is 1.1 percentage points
SEED = 20261120  # fixed, so that two runs print the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A value known as low, most likely and high; drawn from the triangle over them."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        """Refuse a range that does not hold its own value."""
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"{self.low!r}, {self.likely!r}, {self.high!r} are out of order")

    def draw(self, source: random.Random) -> float:
        """One value."""
        if self.low == self.high:
            return self.likely
        return source.triangular(self.low, self.high, self.likely)


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How often buying was cheaper in the draws, and the margins that one draw in ten lies below and above."""

    probability_buying_wins: float
    margin_p10_usd: float
    margin_p90_usd: float
    draws: int
    seed: int


def odds(margin_usd: Callable[[random.Random], float], *, draws: int = DRAWS, seed: int = SEED) -> Odds:
    """Monte Carlo: the margin of so many draws of all uncertain inputs at once.

    >>> odds(lambda source: source.uniform(-1, 3), draws=1000).probability_buying_wins
    0.745
    """
    source = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    margins = sorted(margin_usd(source) for _ in range(draws))
    return Odds(
        probability_buying_wins=sum(margin > 0 for margin in margins) / draws,
        margin_p10_usd=margins[draws // 10],
        margin_p90_usd=margins[draws - 1 - draws // 10],
        draws=draws,
        seed=seed,
    )
