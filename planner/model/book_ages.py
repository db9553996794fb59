"""How old the prices of a book are."""

from __future__ import annotations

from datetime import date
from itertools import accumulate

from planner.model.frozen import dataclass
from planner.model.records import Purchase


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAges:
    """The ages in days of some prices: `counts` holds (age, how many), youngest first; never empty.

    `purchase` is their kind, or `None` if they are of any kind.
    """

    purchase: Purchase | None
    counts: tuple[tuple[int, int], ...]

    @property
    def rows(self) -> int:
        """How many prices there are."""
        return sum(count for _, count in self.counts)

    @property
    def newest(self) -> int:
        """The age of the youngest."""
        return self.counts[0][0]

    @property
    def median(self) -> int:
        """The age that half of the prices do not pass; of two in the middle the older."""
        middle = self.rows // 2
        reached = accumulate(count for _, count in self.counts)
        return next(age for (age, _), rows in zip(self.counts, reached, strict=True) if rows > middle)

    @property
    def oldest(self) -> int:
        """The age of the oldest."""
        return self.counts[-1][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedBook:
    """The newest price book of a provider where it cannot be trusted, and why: an answer is made without the provider."""

    provider: str
    stem: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookUsed:
    """The price book of one provider that an answer used.

    Attributes:
        observed_on: the day of the book, which is that of its newest price.
        age_days: the age of the book. Most of its prices can be older: see `ages`.
        ages: the ages of the prices that passed the filters, one record for each kind of purchase; empty if none did.
    """

    provider: str
    observed_on: date
    age_days: int
    source: str
    ages: tuple[PriceAges, ...] = ()
