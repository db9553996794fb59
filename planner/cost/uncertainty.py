"""How sure a decision is when its inputs are only known as ranges."""

from __future__ import annotations

import itertools
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
    0.516
    """
    source = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    drawn = [factor for factor in factors if factor.low < factor.high]
    shares = list(itertools.starmap(source.random, itertools.repeat((), draws * len(drawn))))
    names: list[str] = []
    columns: list[list[float]] = []
    for at, factor in enumerate(drawn):
        values = _values(factor, shares[at :: len(drawn)])
        names += factor.fields
        columns += [values] * len(factor.fields)
    # factor by factor: half the time of draw by draw
    rows = zip(*columns, strict=True) if columns else ((),) * draws
    margins = [margin_usd(dict(zip(names, row, strict=True))) for row in rows]
    margins.sort()
    return Odds(
        probability_buying_wins=sum(margin > 0 for margin in margins) / draws,
        margin_p10_usd=margins[draws // 10],
        margin_p90_usd=margins[draws - 1 - draws // 10],
        draws=draws,
        seed=seed,
    )


def _values(factor: Factor, shares: Sequence[float]) -> list[float]:
    """Turns numbers from 0 to 1 into values of the triangle over low, base and high of a factor.

    The triangle is of their logarithms, so that half is as far away as double; where low is 0, of the values.
    """
    is_log = factor.low > 0
    low, base, high = (math.log(end) if is_log else end for end in (factor.low, factor.base, factor.high))
    part = (base - low) / (high - low)
    up, down = (high - low) * (base - low), (high - low) * (high - base)
    sqrt = math.sqrt
    values = [low + sqrt(share * up) if share < part else high - sqrt((1 - share) * down) for share in shares]
    if is_log:
        values = list(map(math.exp, values))
    return values if factor.scale == 1 else [value * factor.scale for value in values]
