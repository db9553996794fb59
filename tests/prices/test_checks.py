"""Which prices are believed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.model.records import Purchase
from planner.prices.checks import (
    BAND_FACTOR,
    check_offers,
    price_bands,
    price_problem,
)
from planner.prices.whole_checks import check_whole, price_moves
from tests.builders import an_offer


def _reasons(offers, *, previous=(), bands=None, **settings):
    return [row.reason for row in check_offers(offers, previous=previous, bands=bands or {}, **settings).held_back]


@pytest.mark.parametrize(
    ("text", "currency", "problem"),
    [
        ("3.673", "USD", None),
        (None, "USD", "no price"),
        ("  ", "USD", "no price"),
        ("0", "USD", "price '0' is not positive"),
        ("-1.5", "USD", "price '-1.5' is not positive"),
        ("NaN", "USD", "price 'NaN' is not a number"),
        ("inf", "USD", "price 'inf' is not a number"),
        ("1,234.5", "USD", "price '1,234.5' is not a number"),
        ("3.2", "CNY", "price '3.2' is in CNY, not USD"),
    ],
)
def test_text_that_is_no_price_says_why(text, currency, problem):
    """A published price is a positive finite number of USD, or it has a reason."""
    assert problem == price_problem(text, currency=currency)


def test_an_unmoved_book_passes():
    """The same prices as before are believed, whatever the bands say."""
    offers = [an_offer(), an_offer(region="south-1", usd_per_hour=22.0)]

    checked = check_offers(offers, previous=offers, bands=price_bands([an_offer(usd_per_hour=900.0)] * 3))

    assert tuple(offers) == checked.offers
    assert () == checked.held_back


def test_an_instance_at_the_price_of_one_gpu_is_held_back():
    """Eight GPUs for the price of one: the list gave a price per GPU."""
    reasons = _reasons([an_offer(usd_per_hour=2.5)], previous=[an_offer(usd_per_hour=20.0)])

    assert ["looks like the price of one GPU, not of the instance with 8: 2.5 where it was 20 before"] == reasons


def test_two_gpus_at_exactly_half_price_are_held_back():
    """Half the price of a two-GPU instance is more likely one GPU's than a sale."""
    old = an_offer(gpu_count=2.0, usd_per_hour=8.0)

    reasons = _reasons([an_offer(gpu_count=2.0, usd_per_hour=4.0)], previous=[old])

    assert ["looks like the price of one GPU, not of the instance with 2: 4 where it was 8 before"] == reasons


def test_gpus_counted_twice_are_held_back():
    """Eight times the price before is a price multiplied by its GPUs once too often."""
    reasons = _reasons([an_offer(usd_per_hour=160.0)], previous=[an_offer(usd_per_hour=20.0)])

    assert ["looks 8 times too high, as if its GPUs were counted twice: 160 where it was 20 before"] == reasons


@pytest.mark.parametrize(
    ("factor", "guess"),
    [
        (730, "looks like the price of a month, not of an hour"),
        (8760 * 0.6, "looks like the price of a year or more, not of an hour"),
        (1 / 730, "looks like a price divided by the hours of a month"),
    ],
)
def test_prices_of_other_periods_are_held_back(factor, guess):
    """A total of a month or a term is no price of an hour."""
    reasons = _reasons([an_offer(usd_per_hour=20.0 * factor)], previous=[an_offer(usd_per_hour=20.0)])

    assert [guess] == [reason.partition(":")[0] for reason in reasons]


def test_the_deepest_cut_on_record_is_believed():
    """AWS cut p5.48xlarge from 98.32 to 55.04 USD an hour in June 2025."""
    old = an_offer(gpu="h100-80gb-sxm", usd_per_hour=98.32)

    assert [] == _reasons([an_offer(gpu="h100-80gb-sxm", usd_per_hour=55.04)], previous=[old])


def test_a_new_region_is_judged_by_the_others():
    """Without a price before, the median of the type over all regions is the reference."""
    previous = [an_offer(region=f"r{n}", usd_per_hour=price) for n, price in enumerate((18.0, 20.0, 30.0))]

    reasons = _reasons([an_offer(region="new", usd_per_hour=2.4)], previous=previous)

    assert [
        "looks like the price of one GPU, not of the instance with 8: 2.4 where it was 20 in the middle of all regions "
        "before"
    ] == reasons


def test_a_price_outside_the_band_of_its_gpu_is_held_back():
    """A new type is judged by what its GPU cost anywhere before."""
    market = [an_offer(provider="other", gpu_count=1.0, usd_per_hour=price) for price in (1.5, 2.0, 6.0)]

    reasons = _reasons([an_offer(gpu_count=1.0, usd_per_hour=18.1)], bands=price_bands(market))

    assert ["18.1 USD per GPU-hour is outside 0.5 to 18, the band of a100-80gb-sxm from earlier prices"] == reasons


def test_a_gpu_without_a_band_is_held_against_all_bands():
    """A GPU nobody priced before may cost what any GPU costs, and no more."""
    market = [an_offer(gpu_count=1.0, usd_per_hour=price) for price in (1.5, 2.0, 6.0)]
    bands = price_bands(market)

    assert [] == _reasons([an_offer(gpu="l4", gpu_count=1.0, usd_per_hour=17.0)], bands=bands)
    assert 1 == len(_reasons([an_offer(gpu="l4", gpu_count=1.0, usd_per_hour=1700.0)], bands=bands))


def test_bands_keep_spot_apart_and_need_three_prices():
    """Two prices make no band; spot has its own."""
    offers = [an_offer(gpu_count=1.0, usd_per_hour=price) for price in (2.0, 3.0, 4.0)]
    spot = [an_offer(gpu_count=1.0, usd_per_hour=price, purchase=Purchase.SPOT) for price in (0.5, 0.6)]

    bands = price_bands([*offers, *spot])

    assert [("a100-80gb-sxm", False)] == list(bands)
    assert (2.0 / BAND_FACTOR, 4.0 * BAND_FACTOR) == (
        bands["a100-80gb-sxm", False].low,
        bands["a100-80gb-sxm", False].high,
    )


def test_spot_above_on_demand_is_held_back_and_equal_is_not():
    """No spot price exceeds the on-demand price; some clouds charge exactly that."""
    equal = an_offer(purchase=Purchase.SPOT, zone="north-1a", usd_per_hour=20.0)
    above = an_offer(purchase=Purchase.SPOT, zone="north-1b", usd_per_hour=20.1)

    assert ["spot price 20.1 is above on demand 20"] == _reasons([an_offer(), equal, above])


def test_spot_is_judged_by_todays_on_demand_price():
    """A fresh on-demand price replaces the one of the book before as the ceiling."""
    cut = an_offer(usd_per_hour=11.0, observed_on=date(2026, 7, 1))
    spot = an_offer(purchase=Purchase.SPOT, usd_per_hour=15.0)

    assert ["spot price 15 is above on demand 11 (2026-06-01 against 2026-07-01)"] == _reasons(
        [cut, spot], previous=[an_offer(), spot]
    )


def test_a_commitment_far_below_on_demand_is_held_back():
    """No commitment on record costs less than a third of the on-demand price."""
    committed = an_offer(purchase=Purchase.RESERVED_1Y, usd_per_hour=2.0)

    assert ["reserved_1y price 2 is 0.1 of on demand 20; believed from 0.2 to 1"] == _reasons([an_offer(), committed])


def test_two_prices_for_one_offer_are_both_held_back():
    """Two answers where one is expected are shown, not settled by picking one; the same answer twice is one."""
    reasons = _reasons([an_offer(), an_offer(usd_per_hour=21.0)])

    assert ["2 prices for one offer: 20, 21"] * 2 == reasons
    assert 1 == len(check_offers([an_offer(), an_offer()], previous=[], bands={}).offers)


def test_unknown_gpus_and_other_gpus_than_before_are_held_back():
    """A GPU must be in the table, and a type keeps its GPUs."""
    assert ["unknown GPU 'gpu-from-the-future'"] == _reasons([an_offer(gpu="gpu-from-the-future")])
    assert ["4 x a100-80gb-sxm, but test-8x is known to have 8 x a100-80gb-sxm"] == _reasons(
        [an_offer(gpu_count=4.0)], previous=[an_offer()]
    )


def test_implausible_prices_pass_when_accepted_and_impossible_ones_never():
    """A person can vouch for a large move, not for a spot price above on demand."""
    moved = an_offer(usd_per_hour=2.0)
    impossible = an_offer(purchase=Purchase.SPOT, usd_per_hour=3.0)
    unreadable = an_offer(instance_type="gold", usd_per_hour=1e7)

    checked = check_offers([moved, impossible, unreadable], previous=[an_offer()], bands={}, accepts=True)

    assert (moved,) == checked.offers
    assert ["spot price 3 is above on demand 2", "1e+07 USD an hour cannot be"] == [
        row.reason for row in checked.held_back
    ]


def test_a_book_that_lost_a_third_of_its_rows_is_refused():
    """70 of 100 rows may stay; 69 are too few."""
    before = [an_offer(region=f"r{n}") for n in range(100)]

    assert [] == check_whole(before[:70], before)
    assert ["on_demand: 69 rows where there were 100 (-31%; the limit is -30%)."] == check_whole(before[:69], before)


def test_a_price_that_holds_everywhere_stands_for_those_of_each_region():
    """Ten types in eight regions, which become ten prices of the region `global`: nothing is missing; seven of them may stay."""
    before = [an_offer(instance_type=f"t{n}", region=f"r{place}") for n in range(10) for place in range(8)]
    after = [an_offer(instance_type=f"new-{n}", region="global") for n in range(10)]

    assert [] == check_whole(after, before)
    assert [] == check_whole(after[:7], before)
    assert ["on_demand: 6 rows where there were 10 (-40%; the limit is -30%)."] == check_whole(after[:6], before)
    assert [] != check_whole(
        [*after[:9], an_offer(region="r1")], before
    )  # one price of a region: they do not all hold everywhere


@pytest.mark.parametrize(("cheapest", "is_believed"), [(0.2, True), (0.05, True), (0.04, False), (1e-4, False)])
def test_the_cheapest_offer_of_a_level_is_not_next_to_nothing(cheapest, is_believed):
    """A tenth of the level is believed; below, the row is held back, and a person can vouch for it."""
    level = an_offer(provider="vast", usd_per_hour=0.5, usd_per_hour_cheapest=cheapest, offers_count=3)

    reasons = _reasons([level])

    assert is_believed == (reasons == [])
    assert all(reason.startswith(f"the cheapest offer, {cheapest:g}, is") for reason in reasons)
    assert [] == _reasons([level], accepts=True)


def test_a_book_whose_price_movesd_by_more_than_half_is_refused():
    """Each kind of purchase is judged by the median of its moves."""
    before = [an_offer(region=f"r{n}") for n in range(5)]
    after = [an_offer(region=f"r{n}", usd_per_hour=31.0) for n in range(5)]

    assert ["on_demand: the median price moved by +55% (the limit is 50%)."] == check_whole(after, before)


def test_a_book_without_rows_is_refused():
    """An empty fetch is no price list."""
    assert ["No row is left."] == check_whole([], [an_offer()])


def test_books_without_a_common_row_are_compared_gpu_by_gpu():
    """Renamed types do not hide a move of the prices."""
    before = [an_offer(usd_per_hour=20.0)]
    after = [an_offer(instance_type="renamed", usd_per_hour=10.0)]

    assert [-0.5] == price_moves(after, before)


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=20), st.integers(0, 2**16))
def test_every_row_is_either_believed_or_held_back(prices, seed):
    """No row is lost and none is in both, whatever the prices and their order."""
    offers = [an_offer(region=f"r{n}", usd_per_hour=price) for n, price in enumerate(prices)]
    previous = [an_offer(region=f"r{(n + seed) % 7}") for n in range(5)]

    checked = check_offers(offers, previous=previous, bands=price_bands(previous))

    seen = [offer.region for offer in checked.offers] + [row.region for row in checked.held_back]
    assert sorted(offer.region for offer in offers) == sorted(seen)
