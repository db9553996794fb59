"""What is learnt from prices seen twice: by hand on a few moves, and that the shipped table is what the script writes."""

import math
from dataclasses import asdict
from datetime import date, timedelta

import pytest

from planner.accuracy.price_fit import fitted, learnt
from planner.accuracy.price_moves import Move, Period, Summary, book_moves, by_period, summaries
from planner.prices.drift import PriceClass, price_drifts

START = date(2026, 1, 1)


def moved(ratios, *, provider="a", kind=PriceClass.SPOT, first=0, days=365, gpu="l4"):
    """Prices of one period that changed by these ratios."""
    first_day = START + timedelta(days=first)
    last_day = first_day + timedelta(days=days)
    period = Period(provider=provider, price_class=kind, first_day=first_day, last_day=last_day)
    return [
        Move(period=period, gpu=gpu, first_day=first_day, last_day=last_day, usd_before=2.0, usd_after=2.0 * ratio)
        for ratio in ratios
    ]


def filler():
    """A class without moves has nothing to learn from; one still price each."""
    return [move for kind in PriceClass for move in moved([1.0], provider="z", kind=kind)]


def test_the_shipped_table_is_what_the_script_learns():
    """Fitting the shipped books again gives the shipped figures to four digits."""
    learnt = fitted(book_moves(), summaries())

    for kind, drift in price_drifts().items():
        again = asdict(learnt[kind])
        for name, value in asdict(drift).items():
            assert (pytest.approx(value, abs=0.00006) if isinstance(value, float) else value) == again[name], name


def test_one_price_a_book_is_compared_with_the_next():
    """Lambda raised its A10 from 0.86 to 1.29 between April and May 2026: one move, whatever the number of regions."""
    period = Period(
        provider="lambda",
        price_class=PriceClass.LIST_SMALL,
        first_day=date(2026, 4, 2),
        last_day=date(2026, 5, 20),
    )

    found = [move for move in by_period(book_moves())[period] if move.gpu == "a10"]

    assert [(0.86, 1.29, 48)] == [(move.usd_before, move.usd_after, move.age_days) for move in found]


def test_what_a_price_holds_must_be_the_same():
    """Google's A3 High of 2026-07-30 counts the local SSD in: its step from 87.83 to 88.49 USD is no move."""
    ratios = [move.ln for move in book_moves() if move.period.provider == "gcp" and move.gpu == "h100-80gb-sxm"]

    assert ratios
    assert not [ln for ln in ratios if abs(ln - math.log(88.49 / 87.8329)) < 1e-4]


def test_ends_hold_what_was_not_learnt_from():
    """Two providers with 20 moves to 1.1 and 20 to 0.8: the range must reach from the one to the other."""
    moves = [*moved([1.1] * 20), *moved([0.8] * 20, provider="b"), *filler()]

    drift = fitted(moves, ())[PriceClass.SPOT]

    assert pytest.approx((math.log(0.8), math.log(1.1))) == (drift.low_ln, drift.high_ln)
    assert (3, 41) == (drift.periods, drift.pairs)


def test_a_young_move_counts_as_that_of_a_year():
    """A tenth in a quarter of the time is, by the root, a fifth in the whole, in logarithms."""
    young = fitted([*moved([1.1] * 9, days=91), *filler()], ())[PriceClass.SPOT]

    assert pytest.approx(math.log(1.1) / math.sqrt(91 / 365)) == young.high_ln


def test_a_rise_of_small_clouds_counts_as_a_fall_too():
    """All prices of a period go one way; the next period may go the other."""
    drift = fitted([*moved([1.3] * 9, kind=PriceClass.LIST_SMALL), *filler()], ())[PriceClass.LIST_SMALL]

    assert pytest.approx((-math.log(1.3), math.log(1.3))) == (drift.low_ln, drift.high_ln)


def test_nothing_is_learnt_from_a_period_that_is_left_out():
    """Neither its moves, nor those of the provider that span it, nor a summary that does; other providers' are kept."""
    left_out = moved([5.0] * 9, first=100, days=50)
    spanning = moved([4.0] * 9, first=0, days=300)
    other = moved([1.2] * 9, provider="b", first=100, days=365)
    summary = Summary(
        provider="a",
        price_class=PriceClass.SPOT,
        age_days=30,
        first_day=START,
        last_day=START + timedelta(days=400),
        pairs=99,
        share_unchanged=0.0,
        q05_ln=2.0,
        q50_ln=2.0,
        q95_ln=2.0,
        source="test",
        as_of=START,
        note="",
    )

    drift = learnt(PriceClass.SPOT, [*left_out, *spanning, *other, *filler()], [summary], left_out[0].period)

    assert pytest.approx(math.log(1.2)) == drift.high_ln
    assert 10 == drift.pairs


def test_a_cut_of_flagships_is_counted_by_years():
    """One cut by a third in two years of one provider and three of another: once in five years."""
    cut = moved([2 / 3] * 3 + [0.5], kind=PriceClass.LIST_LARGE, days=730, gpu="h100-80gb-sxm")
    calm = moved([1.0] * 99, provider="b", kind=PriceClass.LIST_LARGE, days=1095)
    rest = [move for move in filler() if move.period.price_class is not PriceClass.LIST_LARGE]

    drift = fitted([*cut, *calm, *rest], ())[PriceClass.LIST_LARGE]

    assert pytest.approx((0.2, math.log(0.5), math.log(2 / 3))) == (
        drift.jumps_per_year,
        drift.jump_low_ln,
        drift.jump_high_ln,
    )
    assert 0.0 == fitted([*calm, *rest], ())[PriceClass.LIST_LARGE].jumps_per_year
