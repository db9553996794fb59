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


def test_the_shipped_table_is_what_the_script_learns():
    """Fitting the shipped books again gives the shipped figures to four digits."""
    learnt_anew = {(drift.price_class, drift.provider): drift for drift in fitted(book_moves(), summaries())}

    assert [*price_drifts()] == [*learnt_anew]
    for key, drift in price_drifts().items():
        again = asdict(learnt_anew[key])
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


def test_the_range_holds_what_was_seen_either_way():
    """20 moves of one provider to 1.1 and 20 of another to 0.8: the range reaches as far up as down."""
    drift = learnt(PriceClass.SPOT, None, [*moved([1.1] * 20), *moved([0.8] * 20, provider="b")], ())

    assert pytest.approx((math.log(0.8), -math.log(0.8))) == (drift.low_ln, drift.high_ln)
    assert (2, 40) == (drift.periods, drift.pairs)


def test_a_young_move_counts_as_that_of_a_year():
    """A tenth in a quarter of the time is, by the root, a fifth in the whole, in logarithms."""
    young = learnt(PriceClass.SPOT, None, moved([1.1] * 9, days=91), ())

    assert pytest.approx(math.log(1.1) / math.sqrt(91 / 365)) == young.high_ln


@pytest.mark.parametrize(("still", "reach"), [(9, math.log(1.3)), (29, 0.0)])
def test_with_few_prices_the_range_reaches_the_farthest(still, reach):
    """Of ten prices and the next one, 1.1 may lie beyond, and the next takes one of them; of thirty, 3.1."""
    drift = learnt(PriceClass.SPOT, None, moved([1.3, *[1.0] * still]), ())

    assert pytest.approx(reach) == drift.high_ln


def test_a_smaller_tail_is_taken_where_it_holds_more():
    """One in twelve of either provider moved by 0.3, the others by 0.1. The tail that leaves the 0.3 out holds 11 in 12.

    A third provider whose half moved by 0.3 is held only by a range that reaches it.
    """
    calm = [move for name in "ab" for move in moved([*[math.exp(0.1)] * 44, *[math.exp(0.3)] * 4], provider=name)]
    lively = moved([*[math.exp(0.1)] * 20, *[math.exp(0.3)] * 20], provider="c")

    # tail 5 %: 0.1 x 97 - 1 = 8.7 may lie beyond, and 8 do; the calm two hold 88 of 96
    assert pytest.approx(0.1) == learnt(PriceClass.SPOT, None, calm, ()).high_ln
    # of c, half is held at 5 %; at 4.5 %, 0.09 x 97 - 1 = 7.73 may lie beyond, so all of it
    assert pytest.approx(0.3) == learnt(PriceClass.SPOT, None, [*calm, *lively], ()).high_ln


def test_a_provider_is_drawn_toward_its_class():
    """Two periods at 0.2 and two of another at 0.4: the mean squares 0.04 and 0.16 against 0.1, with four more at 0.1."""
    moves = [
        *moved([math.exp(0.2)] * 10),
        *moved([math.exp(0.2)] * 10, first=400),
        *moved([math.exp(0.4)] * 10, provider="b"),
        *moved([math.exp(0.4)] * 10, provider="b", first=400),
        *moved([math.exp(0.2)] * 10, provider="c"),
    ]
    four = moves[:40]

    drifts = {drift.provider: drift for drift in (learnt(PriceClass.SPOT, name, four, ()) for name in (None, "a", "b"))}

    assert pytest.approx(0.4) == drifts[None].high_ln
    assert pytest.approx(0.4 * math.sqrt((2 * 0.4 + 4) / 6)) == drifts["a"].high_ln
    assert pytest.approx(0.4 * math.sqrt((2 * 1.6 + 4) / 6)) == drifts["b"].high_ln
    assert (2, 20) == (drifts["a"].periods, drifts["a"].pairs)
    assert learnt(PriceClass.SPOT, "c", moves, ()) == learnt(
        PriceClass.SPOT, None, moves, ()
    )  # one period says too little
    left_out = learnt(PriceClass.SPOT, "a", four, (), four[0].period)
    assert (None, 30) == (left_out.provider, left_out.pairs)


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

    drift = learnt(PriceClass.SPOT, None, [*left_out, *spanning, *other], [summary], left_out[0].period)

    assert pytest.approx(math.log(1.2)) == drift.high_ln
    assert 9 == drift.pairs


def test_a_cut_of_flagships_is_counted_by_years():
    """One cut by a third in two years of one provider and three of another: once in five years."""
    cut = moved([2 / 3] * 3 + [0.5], kind=PriceClass.LIST_LARGE, days=730, gpu="h100-80gb-sxm")
    calm = moved([1.0] * 99, provider="b", kind=PriceClass.LIST_LARGE, days=1095)

    drift = learnt(PriceClass.LIST_LARGE, None, [*cut, *calm], ())

    assert pytest.approx((0.2, math.log(0.5), math.log(2 / 3))) == (
        drift.jumps_per_year,
        drift.jump_low_ln,
        drift.jump_high_ln,
    )
    assert 0.0 == learnt(PriceClass.LIST_LARGE, None, calm, ()).jumps_per_year
