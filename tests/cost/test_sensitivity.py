"""Which assumption flips a verdict, and how sure it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cost.sensitivity import Factor, flip_value, sensitivities
from planner.cost.uncertainty import odds


def _factor(name, low=0.0, high=2.0, base=1.0, **changes):
    given = {"unit": "USD", "floor": 0.0, "ceiling": 100.0, "fields": (name,)}
    return Factor(name=name, base=base, low=low, high=high, **{**given, **changes})


def _margin(slopes):
    """10 less slope x value of each assumption, which is 1 unless it is changed."""
    return lambda changes: 10 - sum(slope * changes.get(name, 1.0) for name, slope in slopes.items())


def test_the_largest_swing_comes_first():
    """Swings of 2 x slope, sorted; equal ones by name."""
    found = sensitivities([_factor("b"), _factor("c"), _factor("a")], _margin({"a": 1, "b": 1, "c": 5}))

    assert [("c", 10.0), ("a", 2.0), ("b", 2.0)] == [(entry.name, entry.swing_usd) for entry in found]
    assert [pytest.approx(1.6), pytest.approx(4.0)] == [found[0].flips_at, found[1].flips_at]
    assert [True, False, False] == [entry.turns for entry in found]


def test_an_assumption_moves_all_its_fields_in_its_own_unit():
    """A rent shown in dollars is a factor on the rent; one speed may be that of both sides."""
    both = _factor("rent", base=4.0, low=2.0, high=8.0, scale=0.25, fields=("x", "y"))

    assert {"x": 2.0, "y": 2.0} == both.changes(8.0)


@given(
    root=st.floats(0.001, 99.9),
    base=st.floats(0.001, 99.9),
    sign=st.sampled_from([-1, 1]),
    power=st.sampled_from([-1.0, 0.25, 1.0, 3.0]),
)
def test_a_flip_is_where_the_margin_is_nothing(root, base, sign, power):
    """The value is found wherever the base lies, on a straight line and on a curve, and in a few steps."""
    asked = []

    def margin(value):
        asked.append(value)
        return sign * (max(value, 1e-9) ** power - root**power)

    found = flip_value(margin, base, floor=0.0, ceiling=100.0)

    assert pytest.approx(root, rel=1e-9) == found
    assert len(asked) <= 150  # two grids of 24 are among them


def test_the_nearer_of_two_flips_counts():
    """A margin that changes its sign at 2 and at 9, seen from 4."""
    assert pytest.approx(2.0) == flip_value(lambda value: (value - 2) * (value - 9), 4.0, floor=0.0, ceiling=20.0)


def test_no_flip_within_the_bounds_is_none():
    """Not the bound, and not an error."""
    assert flip_value(lambda value: 1 + value, 1.0, floor=0.0, ceiling=10.0) is None


def test_a_tie_at_a_bound_is_no_flip():
    """A card that is there already wins at any use; at no use at all both ways cost nothing."""
    assert flip_value(lambda jobs: 42.0 * jobs, 10.0, floor=0.0, ceiling=1000.0) is None


def test_the_same_seed_gives_the_same_odds():
    """Two runs print the same; another seed draws other numbers."""
    price, margin = [_factor("price", low=0.5, high=2.0)], _margin({"price": 9.5})

    assert odds(price, margin) == odds(price, margin)
    assert odds(price, margin, seed=1) != odds(price, margin)


def test_odds_of_certain_cases():
    """Always cheaper is 1, never is 0, and equal is not cheaper."""
    assert [1.0, 0.0, 0.0] == [odds([], lambda _, usd=usd: usd).probability_buying_wins for usd in (1.0, -1.0, 0.0)]


@given(low=st.floats(0, 10), part=st.floats(0.01, 1), width=st.floats(0.01, 10), seed=st.integers(0, 1000))
def test_draws_stay_in_their_range(low, part, width, seed):
    """A triangle has no tails, of values nor of their logarithms."""
    price = _factor("price", low=low, base=low + part * width, high=low + width)
    drawn = []

    odds([price], lambda changes: drawn.append(changes["price"]) or 0.0, draws=20, seed=seed)

    assert all(price.low - 1e-9 <= value <= price.high * (1 + 1e-9) for value in drawn)


def test_half_is_drawn_as_often_as_double():
    """The logarithm of a range from half to double lies evenly about its middle: half of the draws below, within 3 errors."""
    price = _factor("price", low=0.5, high=2.0)

    share = odds([price], lambda changes: 1.0 - changes["price"]).probability_buying_wins

    assert pytest.approx(0.5, abs=0.034) == share


def test_a_range_out_of_order_is_refused():
    """The likely value lies in its range."""
    with pytest.raises(ValueError, match="out of order"):
        _factor("price", low=2.0, base=1.0, high=3.0)
