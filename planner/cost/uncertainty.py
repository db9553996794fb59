"""How sure a decision is when its inputs are only known as ranges."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from planner.cost.sensitivity import Factor, Margin
from planner.model.frozen import dataclass

DRAWS = 2000  # the standard error of a probability of one half is 1.1 percentage points
SEED = 20261120  # fixed, so that two runs print the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How often buying was cheaper in the draws, and the margins that one draw in ten lies below and above."""

    probability_buying_wins: float
    margin_p10_usd: float
    margin_p90_usd: float
    draws: int
    seed: int


def odds(factors: Sequence[Factor], margin_usd: Margin, *, draws: int = DRAWS, seed: int = SEED) -> Odds:
    """Monte Carlo: the margin of so many draws of all factors at once, each from its own range.

    >>> price = Factor(name="price", unit="USD", base=10, low=5, high=20, floor=0, ceiling=99, fields=("price",))
    >>> odds([price], lambda changes: 10 - changes["price"], draws=1000).probability_buying_wins
    0.505
    """
    source = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    uncertain = [factor for factor in factors if factor.low < factor.high]
    margins = sorted(
        margin_usd({name: usd for factor in uncertain for name, usd in factor.changes(_draw(factor, source)).items()})
        for _ in range(draws)
    )
    return Odds(
        probability_buying_wins=sum(margin > 0 for margin in margins) / draws,
        margin_p10_usd=margins[draws // 10],
        margin_p90_usd=margins[draws - 1 - draws // 10],
        draws=draws,
        seed=seed,
    )


def _draw(factor: Factor, source: random.Random) -> float:
    """One value of the triangle over low, base and high: of their logarithms, so that half is as far away as double."""
    if factor.low <= 0:
        return source.triangular(factor.low, factor.high, factor.base)
    low, base, high = math.log(factor.low), math.log(factor.base), math.log(factor.high)
    return math.exp(source.triangular(low, high, base))
