"""The resale price of a machine after some months, as a fraction of what was paid."""

from __future__ import annotations

from enum import StrEnum

BROKER_FRACTIONS = (1.0, 0.60, 0.45, 0.30)
"""Broker-style schedule: 60, 45 and 30 percent of the price after one, two and three years. Guides to residual values
print the same shape: 65, 45 and 30 percent, https://v2-pseo-ai.pages.dev/tools/residual-value-guide (read November 2026)."""

TREND_ORDERS_PER_YEAR = 0.14
"""Orders of magnitude a year by which computing gets cheaper: Epoch AI, https://epoch.ai/blog/trends-in-machine-learning-hardware,
used for the value of owned accelerators in "The rising costs of training frontier AI models", https://arxiv.org/abs/2405.21015."""


class ResaleCurve(StrEnum):
    """The two published curves of resale value over age."""

    BROKER = "broker"
    TREND = "trend"


def resale_fraction(curve: ResaleCurve, months: float) -> float:
    """The fraction of its price that a machine fetches after so many months.

    broker: straight lines through 100, 60, 45 and 30 percent at 0, 1, 2 and 3 years; then each year keeps 30/45 of the
    year before, as the third did.
    trend: 10 ** (-0.14 x years).

    >>> [round(resale_fraction(ResaleCurve.BROKER, months), 3) for months in (0, 6, 12, 24, 36, 48)]
    [1.0, 0.8, 0.6, 0.45, 0.3, 0.2]
    >>> [round(resale_fraction(ResaleCurve.TREND, months), 3) for months in (0, 12, 36)]
    [1.0, 0.724, 0.38]
    """
    years = months / 12
    if curve is ResaleCurve.TREND:
        return float(10 ** (-TREND_ORDERS_PER_YEAR * years))
    last = len(BROKER_FRACTIONS) - 1
    if years >= last:
        return float(BROKER_FRACTIONS[last] * (BROKER_FRACTIONS[last] / BROKER_FRACTIONS[last - 1]) ** (years - last))
    year = int(years)
    start, end = BROKER_FRACTIONS[year], BROKER_FRACTIONS[year + 1]
    return start + (end - start) * (years - year)


def value_fraction(months: float, *, horizon_months: float, fraction: float | None, curve: ResaleCurve) -> float:
    """The resale fraction after so many months: on the curve, or on the way to a given fraction at the horizon.

    With a given fraction f the value falls by the same part each month: f ** (months / horizon). At f = 0 it is 0 from
    the first month on.

    >>> value_fraction(18, horizon_months=36, fraction=0.25, curve=ResaleCurve.BROKER)
    0.5
    >>> value_fraction(18, horizon_months=36, fraction=0.0, curve=ResaleCurve.BROKER)
    0.0
    """
    if fraction is None:
        return resale_fraction(curve, months)
    if fraction == 0:
        return 0.0
    return float(fraction ** (months / horizon_months))
