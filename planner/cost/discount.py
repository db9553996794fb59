"""Today's worth of payments in later months."""

from __future__ import annotations

import math


def monthly_rate(discount_per_year: float) -> float:
    """The rate per month that compounds to `discount_per_year`.

    r = (1 + d) ** (1 / 12) - 1; at d = 0, r = 0.

    >>> round(monthly_rate(0.05), 6)
    0.004074
    >>> monthly_rate(0.0)
    0.0
    """
    if discount_per_year == 0:
        return 0.0
    return math.expm1(math.log1p(discount_per_year) / 12)


def worth_today(usd: float, months: float, discount_per_year: float) -> float:
    """Today's worth of one payment after so many months.

    usd / (1 + d) ** (months / 12); at d = 0, usd.

    >>> round(worth_today(110.0, 12, 0.1), 9)
    100.0
    >>> worth_today(110.0, 12, 0.0)
    110.0
    """
    if discount_per_year == 0:
        return usd
    return float(usd / (1 + discount_per_year) ** (months / 12))


def months_worth(months: float, discount_per_year: float) -> float:
    """Number of monthly payments that, paid at once today, are worth a payment at the end of each of `months` months.

    (1 - (1 + r) ** -months) / r with the monthly rate r; at r = 0, months. A year of 100 USD a month at 5 percent is
    worth 1,168.82 USD today:

    >>> round(100 * months_worth(12, 0.05), 2)
    1168.82
    >>> months_worth(12, 0.0)
    12
    """
    rate = monthly_rate(discount_per_year)
    if rate == 0:
        return months
    return -math.expm1(-months * math.log1p(rate)) / rate
