"""What a recommendation is to be the best of: limits of time and money, and the worth of an hour of waiting."""

from __future__ import annotations

from collections.abc import Sequence

from planner.answers.chosen import Limits
from planner.answers.picking import Choice, worthwhile
from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What is recommended: the limits, and what an hour of waiting is worth."""

    max_hours: float | None
    max_usd: float | None
    hour_worth: float

    @property
    def limits(self) -> Limits:
        """The limits of time and money."""
        return self.max_hours, self.max_usd

    def order(self, choices: Sequence[Choice]) -> list[Choice]:
        """The rows best first: least money with a deadline; else least cost, those that no other wastes before the rest."""
        if self.max_hours is not None:
            return sorted(choices, key=self.money_of)
        front = set(map(id, worthwhile(choices, self.hour_worth)))
        return sorted(choices, key=lambda one: (id(one) not in front, one.merit(self.hour_worth)))

    def beats(self, one: Choice, best: Choice) -> bool:
        """Whether a row would be recommended in place of the best, were it within the limits."""
        if self.max_hours is not None:
            return self.money_of(one) < self.money_of(best)
        return one.merit(self.hour_worth) < best.merit(self.hour_worth)

    def money_of(self, one: Choice) -> tuple[object, ...]:
        """What rows are ordered by where a deadline is set."""
        return one.money(self.hour_worth), one.time, one.order

    def text(self) -> str:
        """What the first row is the best of, in words."""
        if self.max_hours is not None:
            return "The least money"
        return f"At {self.hour_worth:g} USD an hour of waiting the best balance of money and time"
