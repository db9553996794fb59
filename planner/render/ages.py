"""The ages of prices in words: `aws on demand 163-308 d, spot 540 d`."""

from __future__ import annotations

from collections.abc import Iterable

from planner.model.book_ages import BookUsed, PriceAges


def books_text(books: Iterable[BookUsed]) -> str:
    """The ages of the prices of each book, newest to oldest, of each kind of purchase where they differ; last, books of none."""
    books = list(books)
    texts = [f"{book.provider} {kinds_text(book.ages)}" for book in books if book.ages]
    without = [book.provider for book in books if not book.ages]
    return "; ".join([*texts, *([f"no price passed of {', '.join(without)}"] if without else [])])


def kinds_text(ages: Iterable[PriceAges]) -> str:
    """The ages of the newest and of the oldest price: `163-308 d`; of each kind of purchase where they differ."""
    return spans_text((str(one.purchase), one.newest, one.oldest) for one in ages)


def spans_text(spans: Iterable[tuple[str, int, int]]) -> str:
    """The newest and the oldest age of each kind of purchase in days: `163-308 d`; where they differ, each by its name."""
    kinds: dict[str, list[str]] = {}
    for purchase, newest, oldest in spans:
        span = f"{newest} d" if newest == oldest else f"{newest}-{oldest} d"
        kinds.setdefault(span, []).append(purchase.replace("_", " "))
    if len(kinds) == 1:
        return next(iter(kinds))
    return ", ".join(f"{' and '.join(names)} {span}" for span, names in kinds.items())
