"""Converts USD into another currency at a dated rate. Everything computes in USD; only what is shown is converted."""

from __future__ import annotations

from planner.errors import UnknownNameError
from planner.hardware.tables import read_table
from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency and how many of its units a USD buys."""

    code: str
    per_usd: float
    as_of: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    currency: str
    per_eur: float
    as_of: str
    source: str


def currency(code: str) -> Currency:
    """The currency of that ISO code, in any case; cross rates go by way of the euro.

    Raises:
        UnknownNameError: no rate of it ships.

    >>> round(currency("eur").per_usd, 4)
    0.8573
    """
    rates = read_table("currency.csv", _Rate, lambda rate: rate.currency)
    rate = rates.get(code.upper())
    if rate is None:
        raise UnknownNameError("currency", code, rates, "data/currency.csv")
    return Currency(
        code=rate.currency, per_usd=rate.per_eur / rates["USD"].per_eur, as_of=rate.as_of, source=rate.source
    )
