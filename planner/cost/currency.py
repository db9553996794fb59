"""Converts USD into another currency at a dated rate. Everything computes in USD; only what is shown is converted."""

from __future__ import annotations

from typing import Any

from planner.errors import UnknownNameError, UsageError
from planner.hardware.tables import read_table
from planner.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency and how many of its units a USD buys."""

    code: str
    per_usd: float
    as_of: str
    source: str


def usd_at_most(max_usd: float | None, max_cost: float | str | None) -> float | None:
    """The limit of costs in USD, whichever of the two options states it; `None` without one.

    Args:
        max_usd: in USD.
        max_cost: an amount with its currency such as `20.0 EUR`; a plain number is in USD.

    Raises:
        UsageError: both are given.
        UnknownNameError: no rate of the currency ships.
    """
    if max_cost is None:
        return max_usd
    if max_usd is not None:
        raise UsageError("{max_usd} and {max_cost} both limit the cost; give one.", argument="max_cost")
    if not isinstance(max_cost, str):
        return max_cost
    amount, _, code = max_cost.partition(" ")
    if not float(amount) > 0:
        raise UsageError("{max_cost} must be above 0, not {given}.", argument="max_cost", given=max_cost)
    return float(amount) / currency(code).per_usd


def limit_shown_in(max_cost: float | str | None, code: str | None) -> float | str | None:
    """A limit without a currency of its own, in the currency that is shown."""
    return f"{max_cost!r} {code}" if code is not None and isinstance(max_cost, float) else max_cost


def taken_currency(arguments: dict[str, Any]) -> Currency | None:
    """Takes `currency` out of the arguments of an answer, with its rate; `None` for USD. A limit without a currency is in it.

    Raises:
        UnknownNameError: no rate of the currency ships.
    """
    code = arguments.pop("currency", None)
    money = None if code is None or code.upper() == "USD" else currency(code)
    if money is not None and "max_cost" in arguments:
        arguments["max_cost"] = limit_shown_in(arguments["max_cost"], money.code)
    return money


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
        raise UnknownNameError("currency", code, rates, "data/currency.csv", argument="currency")
    return Currency(
        code=rate.currency, per_usd=rate.per_eur / rates["USD"].per_eur, as_of=rate.as_of, source=rate.source
    )
