"""Effect of each assumption on a decision, and the value at which the decision flips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from planner.model.frozen import dataclass

STEPS = 64  # grid between the base and a bound, in which a change of sign is looked for
BISECTIONS = 60  # halves a bracket to the precision of a float


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One assumption: its value, a low and a high one, and the bounds it can have at all.

    `fields` are the values that a margin is asked with, each `scale` times the assumption's own. Low and high are equal
    where it is known for certain.
    """

    name: str
    unit: str
    base: float
    low: float
    high: float
    floor: float
    ceiling: float
    fields: tuple[str, ...]
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a range that does not hold its own value."""
        if not self.low <= self.base <= self.high:
            raise ValueError(f"{self.name}: {self.low!r}, {self.base!r}, {self.high!r} are out of order")

    def changes(self, value: float) -> dict[str, float]:
        """The values to ask a margin with, where the assumption is `value`."""
        return dict.fromkeys(self.fields, value * self.scale)


Margin = Callable[[Mapping[str, float]], float]
"""USD by which buying is cheaper, asked with the values that differ from those assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """The margin of buying (positive: buying is cheaper) at the low and the high value of one assumption.

    `flips_at` is the value nearest to the base at which the verdict changes; `None` if no possible value changes it.
    """

    name: str
    unit: str
    base: float
    low: float
    high: float
    margin_low_usd: float
    margin_high_usd: float
    swing_usd: float
    flips_at: float | None

    @property
    def turns(self) -> bool:
        """Whether the verdict changes within the assumption's own range."""
        return self.flips_at is not None and self.low <= self.flips_at <= self.high


def sensitivities(factors: Iterable[Factor], margin_usd: Margin) -> tuple[Sensitivity, ...]:
    """The factors' effect on the margin, largest swing first, equal ones by name."""
    found = [_sensitivity(factor, margin_usd) for factor in factors]
    return tuple(sorted(found, key=lambda entry: (-entry.swing_usd, entry.name)))


def flip_value(
    margin_usd: Callable[[float], float], base: float, *, floor: float, ceiling: float, steps: int = STEPS
) -> float | None:
    """The value nearest to `base`, from `floor` to `ceiling`, at which the margin changes its sign; `None` if none does.

    Walks from the base to each bound until the sign changes, then halves the interval.

    >>> flip_value(lambda price: 100 - 2 * price, 10, floor=0, ceiling=200)
    50.0
    >>> flip_value(lambda price: 100 + price, 10, floor=0, ceiling=200) is None
    True
    """
    sides = (_towards(margin_usd, base, bound, steps) for bound in (floor, ceiling) if bound != base)
    return min((value for value in sides if value is not None), key=lambda value: abs(value - base), default=None)


def _sensitivity(factor: Factor, margin_usd: Margin) -> Sensitivity:
    def margin(value: float) -> float:
        return margin_usd(factor.changes(value))

    at_low, at_high = margin(factor.low), margin(factor.high)
    return Sensitivity(
        name=factor.name,
        unit=factor.unit,
        base=factor.base,
        low=factor.low,
        high=factor.high,
        margin_low_usd=at_low,
        margin_high_usd=at_high,
        swing_usd=abs(at_high - at_low),
        flips_at=flip_value(margin, factor.base, floor=factor.floor, ceiling=factor.ceiling),
    )


def _towards(margin_usd: Callable[[float], float], base: float, bound: float, steps: int) -> float | None:
    wins_at_base = margin_usd(base) > 0
    inside = base
    for step in range(1, steps + 1):
        # short steps near the base, long ones far away: bounds may be a hundred times the base
        outside = base + (bound - base) * (step / steps) ** 3
        margin = margin_usd(outside)
        if margin < 0 if wins_at_base else margin > 0:  # nothing used costs nothing on both sides: a tie flips nothing
            return _bisected(margin_usd, inside, outside, wins_at_base=wins_at_base)
        inside = outside
    return None


def _bisected(margin_usd: Callable[[float], float], inside: float, outside: float, *, wins_at_base: bool) -> float:
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        if (margin_usd(middle) > 0) == wins_at_base:
            inside = middle
        else:
            outside = middle
    return (inside + outside) / 2
