"""The ages of prices are those of the rows, by kind of purchase."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.model.book_ages import BookUsed, PriceAges
from planner.model.records import Purchase
from planner.prices.ages import ages_together, price_ages
from planner.prices.catalog import OfferFilter, select_groups, select_offers
from planner.prices.snapshots import read_snapshot
from planner.render.ages import books_text
from planner.results.prices import book_record
from tests.builders import a_snapshot, an_offer

TODAY = date(2026, 7, 1)
OLD, NEW = date(2025, 7, 1), date(2026, 6, 1)  # 365 and 30 days before


def book_of(path, wanted=None, **options):
    (book,) = select_offers([read_snapshot(path)], wanted or OfferFilter(), today=TODAY, **options).books
    return book


@pytest.fixture
def old_spot(tmp_path):
    """Two prices on demand of this month and one of last year, and spot prices of last year only."""
    return a_snapshot(
        tmp_path,
        an_offer(region="a-1", observed_on=NEW),
        an_offer(region="b-1", observed_on=NEW),
        an_offer(region="c-1", observed_on=OLD),
        an_offer(region="a-1", observed_on=OLD, purchase=Purchase.SPOT),
        an_offer(region="b-1", observed_on=OLD, purchase=Purchase.SPOT),
    )


def test_a_new_book_does_not_make_old_rows_new(old_spot):
    """On demand 30 to 365 days, spot 365 days; the median of all five rows is 365."""
    book = book_of(old_spot)

    record = book_record(book)
    assert (5, 30, 365, 365) == tuple(
        record[key] for key in ("rows", "age_days_newest", "age_days_median", "age_days_oldest")
    )
    assert [("on_demand", 3, 30, 30, 365), ("spot", 2, 365, 365, 365)] == [
        tuple(row.values()) for row in record["purchases"]
    ]
    assert "testcloud on demand 30-365 d, spot 365 d" == books_text([book])


def test_only_rows_that_passed_the_filters_count(old_spot):
    """Rows left out by region or age do not make the answer's prices older."""
    assert "testcloud 30 d" == books_text([book_of(old_spot, OfferFilter(max_price_age_days=100))])
    assert "testcloud on demand 30 d, spot 365 d" == books_text([book_of(old_spot, OfferFilter(regions=("b-1",)))])


def test_offers_and_groups_tell_the_same_ages(old_spot):
    """Whether rows are read one by one or in groups from the index."""
    groups = select_groups([read_snapshot(old_spot)], OfferFilter(), today=TODAY).books

    assert (book_of(old_spot),) == groups == (book_of(old_spot, every_offer=False),)


def test_a_book_without_a_price_left_says_so():
    """No age is made up where no price passed."""
    book = BookUsed(provider="test", observed_on=NEW, age_days=30, source="")

    assert "no price passed of test" == books_text([book])
    assert {"rows": 0, "age_days_newest": None, "age_days_median": None, "age_days_oldest": None}.items() <= (
        book_record(book).items()
    )


@given(st.lists(st.tuples(st.sampled_from(Purchase), st.integers(0, 900), st.integers(1, 50)), min_size=1))
def test_ages_are_those_of_the_rows_one_by_one(kinds):
    """Newest, median and oldest of the records are those of a plain sorted list of all rows."""
    ages = price_ages(((kind, TODAY - timedelta(days=age), count) for kind, age, count in kinds), TODAY)

    rows = sorted(age for _, age, count in kinds for _ in range(count))
    together = ages_together(ages)
    assert isinstance(together, PriceAges)
    assert (len(rows), rows[0], rows[len(rows) // 2], rows[-1]) == (
        together.rows,
        together.newest,
        together.median,
        together.oldest,
    )
    assert [kind for kind in Purchase if kind in {kind for kind, *_ in kinds}] == [one.purchase for one in ages]
