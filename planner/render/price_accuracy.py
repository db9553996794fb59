"""What `planner validate` says of prices: one row for each kind, and the section of docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Sequence

from planner.accuracy.price_validation import PRICE
from planner.accuracy.results import ErrorSummary, SplitResult
from planner.render.error_figures import ERROR_FIGURES, figures_of, percent
from planner.render.listing import Column, Listing, to_markdown
from planner.units import Row

TARGETS = {
    # a range that holds the price of the book holds most lists: they stay
    "list_large": (0.87, 1.0),
    "list_small": (0.87, 1.0),
    "spot": (0.87, 0.93),
    "marketplace": (0.87, 0.93),
}
"""What was aimed for: least and most coverage."""


def price_listing(splits: Sequence[SplitResult]) -> Listing:
    """One row for each kind of price; none without the split."""
    rows = [row for split in splits if split.split == PRICE for row in _by_class(split)]
    return Listing(schema="planner.validate/1", name="splits", columns=_COLUMNS, rows=rows)


def price_section(splits: Sequence[SplitResult]) -> str:
    """The section of the page; empty without the split."""
    found = [split for split in splits if split.split == PRICE]
    if not found:
        return ""
    periods = [_row(group) for group in found[0].groups["period"]]
    return "\n".join([_TEXT, to_markdown(_COLUMNS, _by_class(found[0])), _METHOD, to_markdown(_PERIODS, periods), ""])


def _by_class(split: SplitResult) -> list[Row]:
    groups = zip(split.groups["price_class"], split.groups["without_a_range"], strict=True)
    rows = []
    for group, bare in groups:
        low, high = TARGETS[group.name]
        aim = {"aim": f"{low:.0%} to {high:.0%}", "met": "yes" if low <= (group.coverage or 0.0) <= high else "no"}
        rows.append(_row(group) | {"unchanged": bare.coverage} | aim)
    return rows


def _row(group: ErrorSummary) -> Row:
    return {"name": group.name, **figures_of(group, FIGURES)}


FIGURES = tuple(column for column in ERROR_FIGURES if column.key != "mean")
_COLUMNS = (
    Column(key="name", heading="price"),
    *FIGURES,
    Column(key="unchanged", heading="unchanged", text=percent, is_number=True),
    Column(key="aim", heading="aim"),
    Column(key="met", heading="met"),
)
_PERIODS = (Column(key="name", heading="what leaves"), *FIGURES)

_TEXT = """## How long prices hold

The split `price`, also by itself with `planner validate --split price`: each price of a shipped book against the next one that a book
knows of the same thing. The range is the [price of today](prices.md#the-price-of-today) at the age that the old price had by then, width its high over
low (the median). What one provider did from one book to the next leaves whole, with every other pair of its prices that spans a day of
it; the range is learnt from the rest. An error is the old price against the new one, `unchanged` what a range of none would hold.
"""
_METHOD = """
Prices of a period move together, so no period counts more than 50 of its prices, in the coverage as in what is learnt: by single prices
spot is held better, because two quiet months have most of them. How small the tail of a range is taken is found among the other periods
only. With all of them in view were chosen: that a range grows with the root of the age up to a year (lists: a month), that a rise
counts as a fall of the same size too, that the next price counts as one more than were seen, which matters where they are few, and that the
class counts as four periods when a provider's own are drawn toward it. Google's prices before and after the local SSD was counted in are not compared.

A provider's own part needs two periods besides the one left out, so here Google's spot alone is judged with one. Of the periods at hand no
provider stands out: the parts make ranges 1 % narrower to 5 % wider. From June to July 2026 every spot price of Google rose, by 5 to
59 %, the median by 20 % in 71 days; nothing before rose so fast, and the range reaches so far up only because falls did. The marketplaces
are three periods with 50 prices, two of them of Vast: one price is two points. The cut of AWS is the only one known, so left out it is not foreseen.
"""
