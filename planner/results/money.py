"""The currency that sentences are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.model.frozen import dataclass
from planner.model.records import Estimate
from planner.results.words import money_text, range_text

if TYPE_CHECKING:
    from planner.cost.currency import Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """The currency that sentences are in, and how many of it make a USD."""

    code: str = "USD"
    per_usd: float = 1.0

    @staticmethod
    def of(currency: Currency | None) -> Money:
        """The money of a currency; USD of `None`."""
        return Money() if currency is None else Money(code=currency.code, per_usd=currency.per_usd)

    def text(self, usd: float) -> str:
        """An amount without its currency."""
        return money_text(usd * self.per_usd)

    def span(self, estimate: Estimate) -> str:
        """The bill of an estimate with its range."""
        return range_text(*(usd * self.per_usd for usd in (estimate.usd, estimate.usd_low, estimate.usd_high)))
