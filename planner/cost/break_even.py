"""The months after which a purchase has paid for itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.cost.discount import monthly_rate
from planner.cost.rent_or_buy import Case, Month


def break_even_months(upfront_usd: float, saving_usd_per_month: float, discount_per_year: float = 0.0) -> float | None:
    """Months until the savings of each month have paid for the purchase; `None` if they never do. Resale not counted.

    purchase / saving;
    with a monthly rate r: -ln(1 - purchase x r / saving) / ln(1 + r), never if purchase x r >= saving;
    no purchase: 0, if the saving is not negative;
    no saving, or a loss: never.

    >>> break_even_months(2400, 200)
    12.0
    >>> round(break_even_months(2400, 200, 0.05), 2)
    12.33
    >>> break_even_months(2400, 0) is None
    True
    >>> break_even_months(2400, 9, 0.05) is None
    True
    """
    if upfront_usd == 0:
        return 0.0 if saving_usd_per_month >= 0 else None
    if saving_usd_per_month <= 0:
        return None
    rate = monthly_rate(discount_per_year)
    if rate == 0:
        return _finite(upfront_usd / saving_usd_per_month)
    part = upfront_usd * rate / saving_usd_per_month
    return _finite(-math.log1p(-part) / math.log1p(rate)) if part < 1 else None


def case_break_even_months(case: Case) -> float | None:
    """Months until the owned machine of a case has paid for itself; `None`: never."""
    saving = case.rent_usd_per_month - case.owning_usd_per_month
    return break_even_months(case.terms.upfront_usd, saving, case.terms.discount_per_year)


def never_reason(case: Case) -> str:
    """The reason why a case never breaks even; ask only of a case that does not."""
    if case.jobs_per_month == 0:
        return "nothing is used, so nothing is saved"
    rent, running = case.rent_usd_per_month, case.owning_usd_per_month
    if running >= rent:
        rest = " and renting the rest" if case.rest_jobs_per_month else ""
        return f"running the owned machine{rest} costs {running:,.2f} USD a month, renting {rent:,.2f} USD"
    return f"the {rent - running:,.2f} USD saved a month do not pay the cost of the money"


def paid_if_sold_months(curve: Sequence[Month]) -> float | None:
    """The first month from which on owning and then selling costs no more than renting, to the end of the curve.

    Between two months the curves are taken as straight lines. `None`: at the end of the curve it still costs more.
    """
    behind = [month.own_if_sold_usd - month.rent_usd for month in curve]
    if behind[-1] > 0:
        return None
    last_behind = max((index for index, gap in enumerate(behind) if gap > 0), default=None)
    if last_behind is None:
        return 0.0
    before, after = behind[last_behind], behind[last_behind + 1]
    return curve[last_behind].month + before / (before - after)


def _finite(months: float) -> float | None:
    # a saving of almost nothing pays after more months than a number can hold
    return months if math.isfinite(months) else None
