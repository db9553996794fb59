"""Rows of the AWS price list, from any of its forms, and the offers that they make together.

Kept: Linux without extra software, shared tenancy, instances in use (not reserved capacity), in USD per hour: on
demand, and standard Reserved Instances without upfront payment. Two different prices for one thing are held back.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from planner.model.records import HeldBack, Offer, Purchase, Unpriced
from providers.aws_types import InstanceTypes

_LEASES = {"1yr": Purchase.RESERVED_1Y, "3yr": Purchase.RESERVED_3Y}
_PRICE = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One price of one product, all values as the price list writes them; empty where it says nothing."""

    source: str
    sku: str
    instance_type: str
    region: str
    operating_system: str
    tenancy: str
    preinstalled_software: str
    capacity_status: str
    market_option: str
    gpu: str
    term: str = ""  # "OnDemand", "Reserved", or empty for a product without a price
    lease: str = ""
    payment: str = ""
    offering_class: str = ""
    unit: str = ""
    usd: str = ""
    currency: str = ""
    description: str = ""

    @property
    def is_plain_linux(self) -> bool:
        """Whether the product is a plain Linux instance: other rows cost 0, or contain licences or other hardware."""
        return (
            self.operating_system == "Linux"
            and self.tenancy == "Shared"
            and self.preinstalled_software in {"NA", ""}
            and self.capacity_status == "Used"
        )

    @property
    def is_capacity_block(self) -> bool:
        """Whether the row stands for capacity blocks, whose price is not in the list (0, or a surcharge)."""
        return self.market_option == "CapacityBlock" or "capacity block" in self.description.lower()

    @property
    def purchase(self) -> Purchase | None:
        """The kind of purchase that the price is for; `None` for one that is not covered."""
        if self.term == "OnDemand":
            return Purchase.ON_DEMAND
        if self.term == "Reserved" and self.payment == "No Upfront" and self.offering_class == "standard":
            return _LEASES.get(self.lease)
        return None


def product_rows(document: Mapping[str, Any], source: str) -> Iterator[PriceRow]:
    """The rows of one product with its `terms`; a single row without a price if it has no on-demand term."""
    product = _mapping(document.get("product"))
    attributes = _mapping(product.get("attributes"))
    bare = PriceRow(
        source=source,
        sku=_text(product.get("sku")),
        instance_type=_text(attributes.get("instanceType")),
        region=_text(attributes.get("regionCode")),
        operating_system=_text(attributes.get("operatingSystem")),
        tenancy=_text(attributes.get("tenancy")),
        preinstalled_software=_text(attributes.get("preInstalledSw")),
        capacity_status=_text(attributes.get("capacitystatus")),
        market_option=_text(attributes.get("marketoption")),
        gpu=_text(attributes.get("gpu")),
    )
    terms = _mapping(document.get("terms"))
    if not _mapping(terms.get("OnDemand")):
        yield bare
    for kind in ("OnDemand", "Reserved"):
        for term in _mapping(terms.get(kind)).values():
            yield from _term_rows(bare, kind, _mapping(term))


def _term_rows(bare: PriceRow, kind: str, term: Mapping[str, Any]) -> Iterator[PriceRow]:
    attributes = _mapping(term.get("termAttributes"))
    for dimension in _mapping(term.get("priceDimensions")).values():
        dimension = _mapping(dimension)  # noqa: PLW2901 - checked, not changed
        prices = _mapping(dimension.get("pricePerUnit"))
        yield replace(
            bare,
            term=kind,
            lease=_text(attributes.get("LeaseContractLength")),
            payment=_text(attributes.get("PurchaseOption")),
            offering_class=_text(attributes.get("OfferingClass")),
            unit=_text(dimension.get("unit")),
            usd=_text(prices.get("USD")),
            currency="USD" if "USD" in prices else ", ".join(prices),
            description=_text(dimension.get("description")),
        )


class OfferBuilder:
    """Collects prices by type, place and purchase, and turns them into offers."""

    def __init__(self, types: InstanceTypes, observed_on: date) -> None:
        self.may_have_gpu = types.may_have_gpu
        self._types = types
        self._observed_on = observed_on
        self._prices: dict[tuple[str, str, str, Purchase], dict[float, str]] = {}
        self._seen: dict[str, bool] = {}  # type: whether it was listed as a capacity block
        self._unknown: Counter[str] = Counter()
        self.held_back: list[HeldBack] = []
        self.products: dict[str, PriceRow] = {}  # plain Linux products by sku, for savings plans

    def add_row(self, row: PriceRow) -> None:
        """Take a row of the price list if it is one of those kept."""
        if not self.may_have_gpu(row.instance_type, row.gpu):
            return
        if row.is_capacity_block and row.operating_system == "Linux":
            self._seen[row.instance_type] = True
            return
        if not row.is_plain_linux or row.market_option not in {"OnDemand", ""}:
            return
        if not row.term:
            self.hold_back(
                row.instance_type, row.region, None, None, row.source, "the price list gives no on-demand price"
            )
            return
        if row.purchase is None:
            return
        self.products[row.sku] = row
        if row.unit != "Hrs":
            reason = f"the unit is {row.unit!r}, not hours"
            self.hold_back(row.instance_type, row.region, row.purchase, row.usd, row.source, reason, gpu=row.gpu)
            return
        self.add_price(
            instance_type=row.instance_type,
            region=row.region,
            zone="",
            purchase=row.purchase,
            usd=row.usd,
            currency=row.currency,
            source=row.source,
            gpu=row.gpu,
        )

    def add_price(
        self,
        *,
        instance_type: str,
        region: str,
        zone: str,
        purchase: Purchase,
        usd: str,
        currency: str,
        source: str,
        gpu: str = "",
    ) -> None:
        """Take an hourly price of a whole instance, or hold it back."""
        doubt = self._types.doubt(instance_type, gpu)
        reason = doubt or _doubt_about_price(usd, currency) or (None if region else "no region is given")
        if doubt and instance_type not in self._types.known:
            self._unknown[self._types.family(instance_type)] += 1
        if reason:
            self.hold_back(instance_type, region, purchase, usd, source, reason, zone=zone, gpu=gpu)
            return
        self._seen.setdefault(instance_type, False)
        self._prices.setdefault((instance_type, region, zone, purchase), {})[float(usd)] = source

    def hold_back(  # noqa: PLR0917 - what, where, how, how much, from where, why
        self,
        instance_type: str,
        region: str,
        purchase: Purchase | None,
        usd: str | None,
        source: str,
        reason: str,
        *,
        zone: str = "",
        gpu: str = "",
    ) -> None:
        """Keep a row out of the book, with the reason."""
        known = self._types.known.get(instance_type)
        self.held_back.append(
            HeldBack(
                instance_type=instance_type,
                region=region,
                zone=zone or None,
                gpu=known.gpu if known else None,
                gpu_count=f"{known.gpu_count:g}" if known else gpu or None,
                purchase=purchase,
                usd_per_hour=usd,
                source=source,
                reason=reason,
            )
        )

    def offers(self) -> list[Offer]:
        """An offer for every price without a rival, in the order of type, region, zone and purchase."""
        made = []
        for (name, region, zone, purchase), prices in sorted(self._prices.items()):
            if len(prices) > 1:
                rivals = " and ".join(f"{usd:.10g}" for usd in sorted(prices))
                for usd, source in sorted(prices.items()):
                    reason = f"different hourly prices for the same thing: {rivals}; none is taken"
                    self.hold_back(name, region, purchase, f"{usd:.10g}", source, reason, zone=zone)
                continue
            ((usd, source),) = prices.items()
            made.append(self._offer(name, region, zone, purchase, usd, source))
        return made

    def unpriced(self, offers: list[Offer]) -> list[Unpriced]:
        """Known types in the list for which no on-demand offer was made, and why."""
        priced = {offer.instance_type for offer in offers if offer.purchase == Purchase.ON_DEMAND}
        return [
            Unpriced(
                instance_type=name,
                gpu=self._types.known[name].gpu,
                gpu_count=self._types.known[name].gpu_count,
                reason="on demand: not sold; capacity blocks only" if is_block else "on demand: no price in the list",
            )
            for name, is_block in sorted(self._seen.items())
            if name in self._types.known and name not in priced
        ]

    def unknown_gpus(self) -> list[tuple[str, int]]:
        """GPUs and families that no table row stands for, with the number of prices lost (of types, if no price)."""
        types = Counter(self._types.nameless.values())
        return sorted({**types, **self._unknown}.items())

    def _offer(self, name: str, region: str, zone: str, purchase: Purchase, usd: float, source: str) -> Offer:  # noqa: PLR0917 - the key, the price, its source
        known = self._types.known[name]
        return Offer(
            provider="aws",
            instance_type=name,
            region=region,
            zone=zone or None,
            gpu=known.gpu,
            gpu_count=known.gpu_count,
            vcpus=known.vcpus,
            memory_gib=known.memory_gib,
            network_gbps=known.network_gbps,
            purchase=purchase,
            usd_per_hour=usd,
            observed_on=self._observed_on,
            source=source,
        )


def _doubt_about_price(usd: str, currency: str) -> str | None:
    if currency != "USD":
        return f"the price is in {currency}, not USD" if currency else "there is no price"
    if not usd:
        return "there is no price"
    if not _PRICE.fullmatch(usd):
        return f"the price {usd!r} is not a number"
    if float(usd) <= 0:
        return f"the price {usd} is not positive"
    return None if math.isfinite(float(usd)) else f"the price {usd} is too large"


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
