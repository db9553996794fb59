"""Currencies: cross rates by hand, unknown codes named."""

import pytest

from planner.cost.currency import currency
from planner.errors import UnknownNameError


def test_rates_by_hand():
    """One USD is itself, 1 / 1.1664 euro and 185.6 / 1.1664 yen."""
    assert 1.0 == currency("USD").per_usd
    assert pytest.approx(1 / 1.1664) == currency("eur").per_usd
    assert pytest.approx(159.12, abs=0.01) == currency("JPY").per_usd


def test_an_unknown_currency_is_named():
    """The message offers close matches."""
    with pytest.raises(UnknownNameError, match="Unknown currency 'EURO'"):
        currency("EURO")
