"""How sure a decision is when its inputs are only known as ranges."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

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
    0.516
    """
    source = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    draws_of = [(factor.fields, factor.scale, _drawing(factor)) for factor in factors if factor.low < factor.high]
    margins = []
    for _ in range(draws):
        changes = {}
        for names, scale, drawing in draws_of:
            value = drawing(source.random()) * scale
            for name in names:
                changes[name] = value
        margins.append(margin_usd(changes))
    margins.sort()
    return Odds(
        probability_buying_wins=sum(margin > 0 for margin in margins) / draws,
        margin_p10_usd=margins[draws // 10],
        margin_p90_usd=margins[draws - 1 - draws // 10],
        draws=draws,
        seed=seed,
    )


def _drawing(factor: Factor) -> Callable[[float], float]:
    """Turns a number from 0 to 1 into a value of the triangle over low, base and high.

    The triangle is of their logarithms, so that half is as far away as double; where low is 0, of the values.
    """
    is_log = factor.low > 0
    low, base, high = (math.log(end) if is_log else end for end in (factor.low, factor.base, factor.high))
    part = (base - low) / (high - low)
    up, down = (high - low) * (base - low), (high - low) * (high - base)

    def drawing(share: float) -> float:
        value = low + math.sqrt(share * up) if share < part else high - math.sqrt((1 - share) * down)
        return math.exp(value) if is_log else value

    return drawing
