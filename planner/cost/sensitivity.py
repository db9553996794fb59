"""Effect of each assumption on a decision, and the value at which the decision flips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from planner.model.frozen import dataclass

STEPS = 24
"""Grid between the base and a bound, in which a change of sign is looked for: a margin bends once at most."""

MOST_HALVINGS = 100
PRECISION = 1e-13  # of the value that is looked for


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


def flip_value(margin_usd: Callable[[float], float], base: float, *, floor: float, ceiling: float) -> float | None:
    """The value nearest to `base`, from `floor` to `ceiling`, at which the margin changes its sign; `None` if none does.

    Walks from the base to each bound until the sign changes, then closes in on the zero by straight lines.

    >>> flip_value(lambda price: 100 - 2 * price, 10, floor=0, ceiling=200)
    50.0
    >>> flip_value(lambda price: 100 + price, 10, floor=0, ceiling=200) is None
    True
    """
    at_base = margin_usd(base)
    sides = (_towards(margin_usd, base, at_base, bound) for bound in (floor, ceiling) if bound != base)
    return min((value for value in sides if value is not None), key=lambda value: abs(value - base), default=None)


def _sensitivity(factor: Factor, margin_usd: Margin) -> Sensitivity:
    def margin(value: float) -> float:
        return margin_usd(factor.changes(value))

    at_low, at_high = margin(factor.low), margin(factor.high)
    floor, ceiling = min(factor.floor, factor.low), max(factor.ceiling, factor.high)
    return Sensitivity(
        name=factor.name,
        unit=factor.unit,
        base=factor.base,
        low=factor.low,
        high=factor.high,
        margin_low_usd=at_low,
        margin_high_usd=at_high,
        swing_usd=abs(at_high - at_low),
        flips_at=flip_value(margin, factor.base, floor=floor, ceiling=ceiling),
    )


def _towards(margin_usd: Callable[[float], float], base: float, at_base: float, bound: float) -> float | None:
    inside, at_inside = base, at_base
    for step in range(1, STEPS + 1):
        # short steps near the base, long ones far away: bounds may be a hundred times the base
        outside = base + (bound - base) * (step / STEPS) ** 3
        margin = margin_usd(outside)
        if margin < 0 if at_base > 0 else margin > 0:  # nothing used costs nothing on both sides: a tie flips nothing
            return _zero(margin_usd, (inside, at_inside), (outside, margin))
        inside, at_inside = outside, margin
    return None


def _zero(margin_usd: Callable[[float], float], one: tuple[float, float], other: tuple[float, float]) -> float:
    """The value between two at which the margin is 0, by false position: each is a value with its margin, of unlike signs.

    An end that stays twice counts half (the Illinois rule), so that both ends close in.
    """
    (low, at_low), (high, at_high) = one, other
    value = low
    for _ in range(MOST_HALVINGS):
        before, value = value, high - at_high * (high - low) / (at_high - at_low)
        margin = margin_usd(value)
        if margin == 0 or abs(value - before) <= PRECISION * abs(value):
            break
        if (margin > 0) == (at_high > 0):
            at_low /= 2
        else:
            low, at_low = high, at_high
        high, at_high = value, margin
    return value
