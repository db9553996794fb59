"""The cost of a bought machine over a horizon, item by item."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from planner.cost.discount import months_worth, worth_today
from planner.cost.resale import ResaleCurve, value_fraction
from planner.model.costs import CostItem, ItemKind
from planner.model.frozen import dataclass, names_of
from planner.units import HOURS_PER_MONTH, MONTHS_PER_YEAR, WATTS_PER_KILOWATT


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipTerms:
    """Everything that the cost of owning depends on. Money and watts are for the whole machine, all its cards.

    `idle_watts` flow in every hour of the month that is not used. `running_usd_per_hour` replaces both electricity
    items. `resale_fraction` is of the purchase after `months`; `None` follows `resale_curve`.
    """

    card_usd: float
    host_usd: float
    card_watts: float
    host_watts: float
    idle_watts: float
    pue: float
    usd_per_kwh: float
    running_usd_per_hour: float | None
    hosting_usd_per_month: float
    maintenance_fraction_per_year: float
    staff_usd_per_month: float
    resale_fraction: float | None
    resale_curve: ResaleCurve
    discount_per_year: float
    months: float
    tax_fraction: float = 0.0  # on the purchase
    networking_usd: float = 0.0  # switches, transceivers and cables between several machines

    def __post_init__(self) -> None:
        """Refuse negative money and watts, fractions outside 0 to 1, and a horizon of nothing."""
        # a search for a value that flips a verdict makes hundreds: looked at field by field only if something is wrong
        amounts = (
            self.card_usd, self.host_usd, self.card_watts, self.host_watts, self.idle_watts, self.usd_per_kwh,
            self.hosting_usd_per_month, self.maintenance_fraction_per_year, self.staff_usd_per_month,
            self.discount_per_year, self.running_usd_per_hour or 0, self.resale_fraction or 0, self.pue - 1, self.tax_fraction,
            self.networking_usd,
        )  # fmt: skip
        for amount in amounts:
            if not 0 <= amount < math.inf:
                self._refuse()
        if not 0 < self.months < math.inf:
            raise ValueError(f"months must be above 0, not {self.months!r}")

    def _refuse(self) -> None:
        for field in (
            "card_usd", "host_usd", "card_watts", "host_watts", "idle_watts", "usd_per_kwh", "hosting_usd_per_month",
            "maintenance_fraction_per_year", "staff_usd_per_month", "discount_per_year", "tax_fraction",
            "networking_usd",
        ):  # fmt: skip
            _check(field, getattr(self, field), low=0)
        _check("pue", self.pue, low=1)
        _check("running_usd_per_hour", self.running_usd_per_hour or 0, low=0)
        _check("resale_fraction", self.resale_fraction or 0, low=0)

    @property
    def purchase_usd(self) -> float:
        """Price of cards, host and network, before tax: what resale and maintenance are fractions of."""
        return self.card_usd + self.host_usd + self.networking_usd

    @property
    def upfront_usd(self) -> float:
        """Cost on the first day: cards, host, network and the tax on them."""
        return self.purchase_usd * (1 + self.tax_fraction)


def ownership_items(
    terms: OwnershipTerms, hours_per_month: float, *, other_usd_per_month: float = 0.0
) -> tuple[CostItem, ...]:
    """The items of owning a machine that is used so many hours a month; they sum to the cost over the horizon.

    cards, host and network: as priced.
    tax = fraction x (cards + host + network); other payments are taken as what is paid, tax included
    electricity under load = (card + host watts) / 1000 x hours used x PUE x USD/kWh
    electricity idle = idle watts / 1000 x (730 x months - hours used) x PUE x USD/kWh
    or, with a running cost per hour: hours used x USD/h instead of both
    maintenance = fraction a year x purchase / 12 x months
    resale = - fraction x purchase
    later payments = what the monthly items and the resale are worth today, less their face value; only with a
    discount above 0.

    Items of nothing are left out.

    Args:
        terms: the machine and what runs it costs.
        hours_per_month: hours the machine works in a month, 0 to 730.
        other_usd_per_month: what is paid besides each month and is no item here; only its discount is.

    A machine of 2,000 USD that works 100 hours a month at 500 W and 0.20 USD/kWh, off in between, over a year:

    >>> terms = OwnershipTerms(card_usd=1500, host_usd=500, card_watts=400, host_watts=100, idle_watts=0, pue=1,
    ...     usd_per_kwh=0.2, running_usd_per_hour=None, hosting_usd_per_month=0, maintenance_fraction_per_year=0.03,
    ...     staff_usd_per_month=0, resale_fraction=0.5, resale_curve=ResaleCurve.BROKER, discount_per_year=0, months=12)
    >>> [(item.name, round(item.usd, 2)) for item in ownership_items(terms, 100)]
    [('cards', 1500), ('host', 500), ('electricity under load', 120.0), ('maintenance', 60.0), ('resale', -1000.0)]
    """
    items = [
        *_purchase_items(terms),
        *_monthly_items(terms, hours_per_month),
        _one("resale", ItemKind.RESALE, -resale_usd(terms, terms.months)),
    ]
    if terms.discount_per_year > 0:
        face = running_usd_per_month(terms, hours_per_month) * terms.months - resale_usd(terms, terms.months)
        later = own_usd(terms, hours_per_month) - terms.upfront_usd - face
        later += other_usd_per_month * (months_worth(terms.months, terms.discount_per_year) - terms.months)
        items.append(_one("later payments", ItemKind.DISCOUNT, later, unit="discount"))
    return tuple(item for item in items if item.usd != 0)


def _purchase_items(terms: OwnershipTerms) -> tuple[CostItem, ...]:
    tax = CostItem(
        name="tax",
        kind=ItemKind.TAX,
        quantity=terms.tax_fraction,
        unit="of the purchase",
        usd_per_unit=terms.purchase_usd,
    )
    return (
        _one("cards", ItemKind.PURCHASE, terms.card_usd),
        _one("host", ItemKind.PURCHASE, terms.host_usd),
        _one("networking", ItemKind.PURCHASE, terms.networking_usd),
        tax,
    )


def _one(name: str, kind: ItemKind, usd: float, unit: str = "machine") -> CostItem:
    return CostItem(name=name, kind=kind, quantity=1, unit=unit, usd_per_unit=usd)


def own_usd(terms: OwnershipTerms, hours_per_month: float) -> float:
    """Cost of owning over the horizon, worth today: purchase + running costs - resale."""
    return own_usd_at(terms_fields(terms), hours_per_month)


def terms_fields(terms: OwnershipTerms) -> dict[str, Any]:
    """The terms as the values of `own_usd_at`."""
    return {name: getattr(terms, name) for name in _FIELDS}


def own_usd_at(values: Mapping[str, Any], hours_per_month: float) -> float:
    """`own_usd` of plain values, named as the terms: a simulation draws them thousands of times without a record."""
    months, discount = values["months"], values["discount_per_year"]
    purchase_usd = values["card_usd"] + values["host_usd"] + values["networking_usd"]
    kept = value_fraction(
        months, horizon_months=months, fraction=values["resale_fraction"], curve=values["resale_curve"]
    )
    return float(
        purchase_usd * (1 + values["tax_fraction"])
        + _running_usd(values, hours_per_month, purchase_usd) * months_worth(months, discount)
        - worth_today(kept * purchase_usd, months, discount)
    )


def running_usd_per_month(terms: OwnershipTerms, hours_per_month: float) -> float:
    """Cost of each month after the purchase: electricity, hosting, maintenance, staff."""
    return _running_usd(terms_fields(terms), hours_per_month, terms.purchase_usd)


def _running_usd(values: Mapping[str, Any], hours_per_month: float, purchase_usd: float) -> float:
    """The sum of the monthly items over a month, without making them."""
    fixed: float = values["hosting_usd_per_month"] + values["staff_usd_per_month"]
    fixed += values["maintenance_fraction_per_year"] * purchase_usd / MONTHS_PER_YEAR
    usd_per_hour = values["running_usd_per_hour"]
    if usd_per_hour is not None:
        return float(hours_per_month * usd_per_hour + fixed)
    load, idle = _kwh_per_month(
        hours_per_month, values["card_watts"], values["host_watts"], values["idle_watts"], values["pue"]
    )
    return float((load + idle) * values["usd_per_kwh"] + fixed)


def resale_usd(terms: OwnershipTerms, months: float) -> float:
    """Resale price of the machine after so many months, at that time's face value."""
    fraction = value_fraction(
        months, horizon_months=terms.months, fraction=terms.resale_fraction, curve=terms.resale_curve
    )
    return fraction * terms.purchase_usd


def kwh_per_month(terms: OwnershipTerms, hours_per_month: float) -> tuple[float, float]:
    """Energy of a month under load and idle, in kWh at the meter (PUE included).

    A machine without idle watts is off when it does not work.
    """
    return _kwh_per_month(hours_per_month, terms.card_watts, terms.host_watts, terms.idle_watts, terms.pue)


def _kwh_per_month(
    hours_per_month: float, card_watts: float, host_watts: float, idle_watts: float, pue: float
) -> tuple[float, float]:
    load = (card_watts + host_watts) * hours_per_month
    idle = idle_watts * max(0.0, HOURS_PER_MONTH - hours_per_month)
    return load * pue / WATTS_PER_KILOWATT, idle * pue / WATTS_PER_KILOWATT


def _monthly_items(terms: OwnershipTerms, hours_per_month: float) -> tuple[CostItem, ...]:
    """The items that are paid by the month, over the horizon."""
    months = terms.months
    maintenance = terms.maintenance_fraction_per_year * terms.purchase_usd / MONTHS_PER_YEAR
    load, idle = kwh_per_month(terms, hours_per_month)
    power: tuple[tuple[str, ItemKind, float, str, float], ...] = (
        ("electricity under load", ItemKind.ELECTRICITY, load * months, "kWh", terms.usd_per_kwh),
        ("electricity idle", ItemKind.ELECTRICITY, idle * months, "kWh", terms.usd_per_kwh),
    )
    if terms.running_usd_per_hour is not None:
        hours = hours_per_month * months
        power = (("running", ItemKind.ELECTRICITY, hours, "hour", terms.running_usd_per_hour),)
    fixed = (
        ("hosting", ItemKind.UPKEEP, months, "month", terms.hosting_usd_per_month),
        ("maintenance", ItemKind.UPKEEP, months, "month", maintenance),
        ("staff", ItemKind.UPKEEP, months, "month", terms.staff_usd_per_month),
    )
    return tuple(
        CostItem(name=name, kind=kind, quantity=quantity, unit=unit, usd_per_unit=usd)
        for name, kind, quantity, unit, usd in (*power, *fixed)
    )


_FIELDS = names_of(OwnershipTerms)


def _check(field: str, value: float, *, low: float) -> None:
    if not low <= value < math.inf:  # also catches NaN
        raise ValueError(f"{field} must be at least {low}, not {value!r}")
