"""Azure retail price rows: the product that each row sells, and its price per hour.

On-demand, spot, low-priority, Windows, developer and reservation rows of one size differ only in endings of names, and
a reservation row states the total of its whole term although its unit says one hour.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from planner.hardware.gpus import load_gpus
from planner.model.records import HeldBack, Offer, Purchase
from planner.units import HOURS_PER_YEAR
from providers.azure_sizes import Size, Sizes, is_gpu_size

ADDRESS = "https://prices.azure.com/api/retail/prices"
_MICRO = Decimal("0.000001")


class RowKind(StrEnum):
    """The kinds of product that a price row of a virtual machine can sell."""

    ON_DEMAND = "on_demand"
    SPOT = "spot"
    LOW_PRIORITY = "low_priority"
    WINDOWS = "windows"
    DEV_TEST = "dev_test"
    RESERVATION = "reservation"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailOffers:
    """Offers of all rows together, rows not believed, and names no table row stands for with their number of rows."""

    offers: tuple[Offer, ...]
    held_back: tuple[HeldBack, ...]
    unknown: tuple[tuple[str, int], ...]


def row_kind(row: dict[str, Any]) -> RowKind:
    """The kind of product that a row sells, from its type and the endings of its names.

    >>> row_kind({"type": "Consumption", "productName": "NCads A100 v4 Series Linux", "meterName": "NC24adsA100v4 Spot"})
    <RowKind.SPOT: 'spot'>
    """
    kind, product, meter = (str(row.get(key) or "") for key in ("type", "productName", "meterName"))
    if kind == "Reservation":
        return RowKind.RESERVATION
    if kind == "DevTestConsumption":
        return RowKind.DEV_TEST
    if kind != "Consumption":
        return RowKind.OTHER
    if product.endswith("Windows"):
        return RowKind.WINDOWS
    if meter.endswith(" Low Priority"):  # the older Batch product; it is not spot and costs about twice as much
        return RowKind.LOW_PRIORITY
    return RowKind.SPOT if meter.endswith(" Spot") else RowKind.ON_DEMAND


def concerns_gpus(row: object) -> bool:
    """Whether a row may be about a GPU size; rows for which this is false can be dropped."""
    if not isinstance(row, dict):
        return True
    name = row.get("armSkuName")
    return row.get("serviceName") == "Virtual Machines" and (not name or is_gpu_size(str(name)))


def retail_offers(
    rows: Iterable[Any],
    sizes: Sizes,
    *,
    purchases: Collection[Purchase],
    regions: Collection[str],
    observed_at: datetime,
) -> RetailOffers:
    """Offers for Linux of every GPU size in the rows; the result does not depend on their order.

    Args:
        rows: rows as the service sends them, of any service, in any order, possibly repeated.
        sizes: what is known of sizes.
        purchases: ways of paying wanted; empty means all.
        regions: regions wanted; empty means all.
        observed_at: only prices in force at this moment count.
    """
    found: dict[_Key, set[_Price]] = defaultdict(set)
    held_back: list[HeldBack] = []
    unknown: Counter[str] = Counter()
    for row in rows:
        try:
            size = _size_of(row, sizes, unknown)
            if size is None or (regions and str(row.get("armRegionName")).lower() not in regions):
                continue
            _check_terms(row, observed_at)
        except _DoubtError as doubt:
            held_back.append(_held(row, str(doubt)))
            continue
        for purchase, price in _prices(row, held_back):
            if not purchases or purchase in purchases:
                found[size.name, _region(row), purchase].add(price)
    offers = []
    for key, prices in found.items():
        settled = _settled(key, prices, held_back)
        if settled is not None:
            offers.append(_offer(sizes.by_name[key[0]], key, settled, observed_at))
    return RetailOffers(
        offers=tuple(sorted(offers, key=lambda offer: (offer.instance_type, offer.region, offer.purchase))),
        held_back=tuple(sorted(held_back, key=lambda row: (row.instance_type, row.region, row.reason))),
        unknown=tuple(sorted(unknown.items())),
    )


_Key = tuple[str, str, Purchase]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Price:
    """One price of one product (`sku`); `text` is the sum behind it where it was not published per hour."""

    sku: str
    meter: str
    start: datetime
    usd_per_hour: Decimal
    text: str = ""


class _DoubtError(Exception):
    """A row says something that cannot be used."""


_SKIPPED_PRODUCTS = re.compile(r"Dedicated|Cloud ?Services|Promo")
_GPU_PRODUCT = re.compile(r"(Virtual Machines )?N[CDGV]")
_TERMS = {
    "1 Year": (HOURS_PER_YEAR, Purchase.RESERVED_1Y, Purchase.SAVINGS_1Y),
    "3 Years": (3 * HOURS_PER_YEAR, Purchase.RESERVED_3Y, Purchase.SAVINGS_3Y),
}
_WANTED_KINDS = frozenset({RowKind.ON_DEMAND, RowKind.SPOT, RowKind.RESERVATION})


def _size_of(row: Any, sizes: Sizes, unknown: Counter[str]) -> Size | None:
    """The size a row is about; `None` if the row sells something else or a size nobody has listed."""
    if not isinstance(row, dict):
        raise _DoubtError("the row is not an object")
    if not concerns_gpus(row) or row_kind(row) not in _WANTED_KINDS:
        return None
    name, product = str(row.get("armSkuName") or ""), str(row.get("productName") or "")
    if _SKIPPED_PRODUCTS.search(product) or name.endswith("_Promo"):
        return None
    if not name:
        if _GPU_PRODUCT.match(product):
            raise _DoubtError("a GPU product without a size name")
        return None
    size = sizes.by_name.get(name)
    if size is None:
        unknown[name] += 1
        return None
    if size.gpu not in load_gpus():
        unknown[f"{size.gpu} ({name})"] += 1
        return None
    if name in sizes.contradicted:
        raise _DoubtError(sizes.contradicted[name])
    return size


def _check_terms(row: dict[str, Any], observed_at: datetime) -> None:
    if row.get("currencyCode") != "USD":
        raise _DoubtError(f"priced in {row.get('currencyCode')!r}, not USD")
    if row.get("unitOfMeasure") != "1 Hour":
        raise _DoubtError(f"sold by {row.get('unitOfMeasure')!r}, not by the hour")
    if row.get("tierMinimumUnits"):
        raise _DoubtError(f"a price from {row['tierMinimumUnits']} units on")
    if not _region(row):
        raise _DoubtError("no region")
    if _time(row, "effectiveStartDate") > observed_at:
        raise _DoubtError(f"not in force before {row['effectiveStartDate']}")
    if row.get("effectiveEndDate") is not None and _time(row, "effectiveEndDate") <= observed_at:
        raise _DoubtError(f"no longer in force since {row['effectiveEndDate']}")


def _time(row: dict[str, Any], key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(row.get(key)))
    except ValueError:
        raise _DoubtError(f"{key} {row.get(key)!r} is not a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _region(row: dict[str, Any]) -> str:
    return str(row.get("armRegionName") or "").lower()


def _prices(row: dict[str, Any], held_back: list[HeldBack]) -> Iterator[tuple[Purchase, _Price]]:
    """Ways of paying a row offers, each with its hourly price; a savings plan rides on the on-demand row."""
    kind = row_kind(row)
    try:
        usd = _usd(row)
        if kind is RowKind.RESERVATION:
            if row.get("reservationTerm") not in _TERMS:  # there are some for five years
                return
            hours, purchase, _ = _TERMS[str(row["reservationTerm"])]
            text = f": {usd.normalize():f} USD for {row['reservationTerm']} / {hours} h"
            yield purchase, _price(row, (usd / hours).quantize(_MICRO), text)
            return
    except _DoubtError as doubt:
        held_back.append(_held(row, str(doubt)))
        return
    yield (Purchase.SPOT if kind is RowKind.SPOT else Purchase.ON_DEMAND), _price(row, usd)
    plans = row.get("savingsPlan") if kind is RowKind.ON_DEMAND else None
    for plan in plans if isinstance(plans, list) else ():
        if not isinstance(plan, dict) or plan.get("term") not in _TERMS:
            continue
        try:
            yield _TERMS[str(plan["term"])][2], _price(row, _usd(plan), ": savings plan")
        except _DoubtError as doubt:
            held_back.append(_held(row, f"savings plan: {doubt}"))


def _usd(row: dict[str, Any]) -> Decimal:
    """The price of a row: a positive JSON number, the same in both of its fields."""
    price = row.get("retailPrice")
    if isinstance(price, bool) or not isinstance(price, int | float):
        raise _DoubtError("no price" if price is None else f"the price {price!r} is not a number")
    if not math.isfinite(price) or price <= 0:
        raise _DoubtError(f"the price is {price}")
    if row.get("unitPrice", price) != price:
        raise _DoubtError(f"retail price {price}, but unit price {row['unitPrice']}")
    return Decimal(repr(price))


def _price(row: dict[str, Any], usd_per_hour: Decimal, text: str = "") -> _Price:
    return _Price(
        sku=str(row.get("skuId")),
        meter=str(row.get("meterId")),
        start=_time(row, "effectiveStartDate"),
        usd_per_hour=usd_per_hour,
        text=text,
    )


def _settled(key: _Key, prices: set[_Price], held_back: list[HeldBack]) -> _Price | None:
    """The newest price of each product, if they agree; otherwise none, and all are held back.

    A price that changed is listed twice, under one product and not always under one meter.
    """
    newest: dict[str, datetime] = {}
    for price in prices:
        newest[price.sku] = max(price.start, newest.get(price.sku, price.start))
    current = sorted(
        (price for price in prices if price.start == newest[price.sku]),
        key=lambda price: (price.usd_per_hour, price.meter, price.text),
    )
    if len({price.usd_per_hour for price in current}) == 1:
        return current[0]
    name, region, purchase = key
    said = ", ".join(f"{price.usd_per_hour:f}" for price in current)
    held_back.append(
        HeldBack(
            instance_type=name,
            region=region,
            zone=None,
            gpu=None,
            gpu_count=None,
            purchase=purchase,
            usd_per_hour=said,
            source=ADDRESS,
            reason=f"several prices in force for one thing: {said}",
        )
    )
    return None


def _offer(size: Size, key: _Key, price: _Price, observed_at: datetime) -> Offer:
    _, region, purchase = key
    note = f" ({size.note})" if size.note else ""
    return Offer(
        provider="azure",
        instance_type=size.name,
        region=region,
        zone=None,
        gpu=size.gpu,
        gpu_count=size.gpu_count,
        vcpus=size.vcpus,
        memory_gib=size.memory_gib,
        purchase=purchase,
        usd_per_hour=float(price.usd_per_hour),
        observed_on=observed_at.date(),
        source=f"Azure Retail Prices, meter {price.meter}{price.text}{note}",
    )


def _held(row: Any, reason: str) -> HeldBack:
    said = row if isinstance(row, dict) else {}
    price = said.get("retailPrice")
    return HeldBack(
        instance_type=str(said.get("armSkuName") or said.get("productName") or "(no name)"),
        region=_region(said),
        zone=None,
        gpu=None,
        gpu_count=None,
        purchase=str(said.get("type") or "") or None,
        usd_per_hour=None if price is None else str(price),
        source=f"{ADDRESS} meter {said.get('meterId')}",
        reason=reason,
    )
