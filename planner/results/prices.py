"""The price books of an answer as JSON records: the age of the book, and the ages of the prices in it."""

from __future__ import annotations

from planner.model.book_ages import BookUsed, DamagedBook, PriceAges
from planner.prices.ages import ages_together
from planner.units import Row


def book_record(book: BookUsed) -> Row:
    """One entry of the key `prices`; `age_days` is the age of the book, the other ages are those of its prices."""
    return {
        "provider": book.provider,
        "observed_on": book.observed_on.isoformat(),
        "age_days": book.age_days,
        **ages_record(ages_together(book.ages)),
        "purchases": [{"purchase": str(kind.purchase), **ages_record(kind)} for kind in book.ages],
        "source": book.source,
    }


def damaged_record(book: DamagedBook) -> Row:
    """One entry of the key `damaged_books`."""
    return {"provider": book.provider, "book": book.stem, "reason": book.reason}


def ages_record(ages: PriceAges | None) -> Row:
    """How many prices there are and how old, in days; ages of no prices are null."""
    return {
        "rows": ages.rows if ages else 0,
        "age_days_newest": ages.newest if ages else None,
        "age_days_median": ages.median if ages else None,
        "age_days_oldest": ages.oldest if ages else None,
    }
