"""Which assumption flips a verdict, and how sure it is."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cost.sensitivity import Factor, flip_value, sensitivities
from planner.cost.uncertainty import Spread, odds


def _factor(name, slope, low=0.0, high=2.0):
    return Factor(
        name=name,
        unit="USD",
        base=1.0,
        low=low,
        high=high,
        floor=0.0,
        ceiling=100.0,
        margin_usd=lambda value: 10 - slope * value,
    )


def test_the_largest_swing_comes_first():
    """Swings of 2 x slope, sorted; equal ones by name."""
    found = sensitivities([_factor("b", 1), _factor("c", 5), _factor("a", 1)])

    assert [("c", 10.0), ("a", 2.0), ("b", 2.0)] == [(entry.name, entry.swing_usd) for entry in found]
    assert [pytest.approx(2.0), pytest.approx(10.0)] == [found[0].flips_at, found[1].flips_at]


@given(root=st.floats(0.001, 99.9), base=st.floats(0.001, 99.9), sign=st.sampled_from([-1, 1]))
def test_a_flip_is_where_the_margin_is_nothing(root, base, sign):
    """Bisection finds the value, wherever the base lies."""
    found = flip_value(lambda value: sign * (value - root), base, floor=0.0, ceiling=100.0)

    assert pytest.approx(root, rel=1e-6) == found


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
    margin = Spread(low=-1.0, likely=0.2, high=2.0).draw

    assert odds(margin) == odds(margin)
    assert odds(margin, seed=1) != odds(margin)


def test_odds_of_certain_cases():
    """Always cheaper is 1, never is 0, and equal is not cheaper."""
    assert [1.0, 0.0, 0.0] == [odds(lambda _, usd=usd: usd).probability_buying_wins for usd in (1.0, -1.0, 0.0)]


@given(low=st.floats(0, 10), width=st.floats(0, 10), part=st.floats(0, 1), seed=st.integers(0, 1000))
def test_draws_stay_in_their_range(low, width, part, seed):
    """A triangle has no tails."""
    spread = Spread(low=low, likely=low + part * width, high=low + width)

    assert spread.low - 1e-9 <= spread.draw(random.Random(seed)) <= spread.high + 1e-9  # noqa: S311 - a simulation


def test_a_range_out_of_order_is_refused():
    """The likely value lies in its range."""
    with pytest.raises(ValueError, match="out of order"):
        Spread(low=2.0, likely=1.0, high=3.0)
