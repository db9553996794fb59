"""Money, time and machines in a few characters, for sentences and screens."""

from __future__ import annotations

import math

from planner.cost.rental import billing_rule
from planner.hardware.processors import devices_text
from planner.model.picks import PaidTo
from planner.model.records import Basis, Estimate, Offer
from planner.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE, hours

_LONGEST_NAME = 16
"""Characters up to which a provider goes by its full name; beyond it by its initials."""

ANYWHERE = ("", "global", "any")
"""Regions that say nothing of a place."""

MARKETS = {
    PaidTo.OWN: "Your own machines",
    PaidTo.LARGE_CLOUD: "Large clouds, on demand",
    PaidTo.GPU_CLOUD: "GPU clouds, on demand",
    PaidTo.COMMITMENT: "Commitments: what this run uses of them",
    PaidTo.SERVICE: "Training sold per token",
    PaidTo.SPOT: "Spot: can be taken away, cost of that included",
    PaidTo.MARKETPLACE: "Marketplaces: private machines, a price level rather than an offer",
}
"""The titles of the markets."""


def money_text(amount: float) -> str:
    """An amount as short as it helps: two digits below 10, whole below 1,000, then three digits.

    >>> [money_text(usd) for usd in (0.0766, 6.04, 81.7, 1247, 244_759, 1_200_000)]
    ['0.077', '6.0', '82', '1,250', '245k', '1.2M']
    """
    size = abs(amount)
    if size < 0.005:
        return "0" if size == 0 else f"{amount:.2g}"
    if size < 9.95:
        return f"{amount:.{1 - math.floor(math.log10(size * 1.0000001))}f}"
    if size < 999.5:
        return f"{amount:,.0f}"
    if size < 9_995:
        return f"{round(amount, -1):,.0f}"
    for unit, name in ((1e3, "k"), (1e6, "M"), (1e9, "G")):
        if size < 999.5 * unit:
            return _three_digits(amount / unit) + name
    return f"{amount:.3g}"


def _three_digits(value: float) -> str:
    text = f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def range_text(amount: float, low: float, high: float) -> str:
    """An amount with its range, `82 (78-87)`; without it where both ends look like the amount.

    >>> range_text(81.7, 78.2, 87.4), range_text(12.0, 12.0, 12.0)
    ('82 (78-87)', '12')
    """
    middle, ends = money_text(amount), (money_text(low), money_text(high))
    return middle if ends == (middle, middle) else f"{middle} ({ends[0]}-{ends[1]})"


def time_text(seconds: float) -> str:
    """A time in the unit that people would say it in.

    >>> [time_text(seconds) for seconds in (45, 1260, 5340, 29_520, 172_700, 720_000)]
    ['45 s', '21 min', '89 min', '8.2 h', '48 h', '8.3 d']
    """
    if seconds < 89.5:
        return f"{seconds:.0f} s"
    if seconds < 89.5 * SECONDS_PER_MINUTE:
        return f"{seconds / SECONDS_PER_MINUTE:.0f} min"
    value, unit = seconds / SECONDS_PER_HOUR, "h"
    if value >= 48:
        value, unit = value / 24, "d"
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"


def limit_text(seconds: float) -> str:
    """A time that was given, not rounded, in the unit that people would write it in.

    >>> [limit_text(seconds) for seconds in (45, 600, 5400, 14_400, 23_400, 172_800, 604_800, 360_000)]
    ['45 s', '10 min', '1.5 h', '4 h', '6.5 h', '48 h', '7 d', '100 h']
    """
    if seconds < SECONDS_PER_MINUTE:
        return f"{seconds:.4g} s"
    if seconds < SECONDS_PER_HOUR:
        return f"{seconds / SECONDS_PER_MINUTE:.4g} min"
    days = hours(seconds) / 24
    return f"{days:,.0f} d" if days > 2 and math.isclose(days, round(days)) else f"{hours(seconds):,.4g} h"


def gpus_text(offer: Offer, node_count: int) -> str:
    """What is rented: `8x H100`, on several machines `4x8x H100`."""
    machines = f"{node_count}x" if node_count > 1 else ""
    return f"{machines}{devices_text(offer.gpu, offer.gpu_count)}"


def provider_name(offer: Offer) -> str:
    """The seller as people call it: AWS, Google Cloud, Lambda."""
    rule = billing_rule(offer.provider, offer.instance_type)
    if rule is None:
        return offer.provider
    name = rule.display_name.removeprefix("Microsoft ")
    return name if len(name) <= _LONGEST_NAME else "".join(word[0] for word in name.split()).upper()


def basis_text(basis: str) -> str:
    """What a speed rests on, in a word for people: yours, measured, scaled or modelled.

    >>> basis_text("measured_by_you"), basis_text("scaled")
    ('yours', 'scaled')
    """
    return "yours" if basis == Basis.MEASURED_BY_YOU else str(basis)


def terms_text(estimate: Estimate, market: PaidTo) -> str:
    """On what terms a machine is rented: at AWS, on demand."""
    offer = estimate.offer
    if market is PaidTo.OWN:
        return f"({offer.instance_type}), your own"
    place = f"at {provider_name(offer)}"
    if market is PaidTo.MARKETPLACE:
        return f"{place}, marketplace"
    return f"{place}, {_PURCHASES.get(str(offer.purchase), str(offer.purchase).replace('_', ' '))}"


_PURCHASES = {
    "reserved_1y": "reserved for a year",
    "reserved_3y": "reserved for three years",
    "savings_1y": "savings plan of a year",
    "savings_3y": "savings plan of three years",
}
