"""Google Cloud price rows (SKUs): from their descriptions to rates per vCPU, GiB and GPU.

The catalogue sells parts, not machines, and says what a row is for only in its description. Every description is
matched as a whole against an exact list of products, because flex-start (`DWS`), calendar-mode, reservation, licence
and sole-tenancy rows read almost alike, many of them with the usage type `OnDemand`, and cost half or nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from planner.model.records import HeldBack, Purchase

ADDRESS = "https://cloudbilling.googleapis.com/v1/services/6F81-5844-456A/skus"

LOCAL_SSD = "local SSD"
A4_SLICE = "A4 slice"  # one B200 with its eighth of the host: there are no separate core and memory rows
G4_SLICE = "G4 slice"  # an eighth of an RTX PRO 6000 with a whole g4-standard-6

HOST_FAMILIES = ("A2", "A3", "A3Plus", "A3Ultra", "G2", "G4", "N1")

RateKey = tuple[str, Purchase, str]
"""What is rented ("A2 core", "nvidia-l4 GPU"), how it is paid for, and the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Rates by key in USD: cores and GPUs per hour, memory per GiB-hour, local SSD per GiB-month.

    `held_back` are rows of known products that were not believed, `unknown` GPU products nobody has listed, `rows` all
    rows that were read.
    """

    usd: Mapping[RateKey, Decimal]
    rows: int
    held_back: tuple[HeldBack, ...]
    unknown: Mapping[str, int]


def core(family: str) -> str:
    """The name under which rates hold the vCPUs of a family."""
    return f"{family} core"


def memory(family: str) -> str:
    """The name under which rates hold the memory of a family."""
    return f"{family} memory"


def gpu(accelerator: str) -> str:
    """The name under which rates hold an accelerator."""
    return f"{accelerator} GPU"


def read_rates(skus: Iterable[Any], *, gpu_products: Mapping[str, str], observed_on: date) -> Rates:
    """Rates of all products that GPU machines are made of.

    Args:
        skus: rows as the catalogue sends them, in any order; the result does not depend on it.
        gpu_products: the accelerator that each GPU product name stands for.
        observed_on: prices that come into force on a later day do not count.
    """
    products = _products(gpu_products)
    found: dict[RateKey, set[tuple[str, Decimal]]] = defaultdict(set)
    held_back: list[HeldBack] = []
    unknown: Counter[str] = Counter()
    rows = 0
    for rows, sku in enumerate(skus, start=1):  # noqa: B007 - the count is wanted afterwards
        if not isinstance(sku, dict):
            held_back.append(_held({}, "the row is not an object"))
            continue
        match = _match(sku, products)
        if match is None:
            name = _unlisted_gpu(sku)
            if name:
                unknown[name] += 1
            continue
        try:
            resource, purchase = _resource(sku, match, products)
            usd = _usd_per_unit(sku, resource, observed_on)
            regions = _regions(sku)
        except _DoubtError as doubt:
            held_back.append(_held(sku, str(doubt)))
            continue
        for region in regions:
            found[resource, purchase, region].add((str(sku.get("skuId")), usd))
    rates, conflicts = _settled(found)
    return Rates(
        usd=rates, rows=rows, held_back=tuple(sorted(held_back + conflicts, key=_order)), unknown=dict(unknown)
    )


class _DoubtError(Exception):
    """A row of a known product says something that cannot be used."""


# place names hold none of these words, so a longer description can never pass for a shorter one
_DESCRIPTION = re.compile(
    r"(?P<product>.+?)(?:(?: running)? in (?P<place>(?:(?! in | for | attached | with ).)+))?(?: for (?P<years>[13]) Years?)?"
)
_SPOT_SUFFIX = " attached to Spot Preemptible VMs"
_USAGE_TYPES = {
    Purchase.ON_DEMAND: {"OnDemand"},
    Purchase.SPOT: {"Preemptible"},
    Purchase.RESERVED_1Y: {"Commit1Yr"},
    Purchase.RESERVED_3Y: {"Commit3Yr"},
}
_ON_DEMAND, _SPOT, _COMMITMENT = "on demand", "spot", "commitment"


def _products(gpu_products: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Every product name that is accepted, with the resource it prices and the way it is sold."""
    products = {}
    for family in HOST_FAMILIES:
        host = "N1 Predefined" if family == "N1" else family
        committed = "" if family == "N1" else f"{family} "
        for resource, part, committed_part in (
            (core(family), "Instance Core", "Cpu"),
            (memory(family), "Instance Ram", "Ram"),
        ):
            products[f"{host} {part}"] = (resource, _ON_DEMAND)
            products[f"Spot Preemptible {host} {part}"] = (resource, _SPOT)
            products[f"Commitment v1: {committed}{committed_part}"] = (resource, _COMMITMENT)
    whole_gpus = {name: gpu(accelerator) for name, accelerator in gpu_products.items()}
    for name, resource in (whole_gpus | {"SSD backed Local Storage": LOCAL_SSD, "1/8 vGPU no lssd": G4_SLICE}).items():
        products[name] = (resource, _ON_DEMAND)
        products[name + _SPOT_SUFFIX] = (resource, _SPOT)
        products[f"Commitment v1: {name}"] = (resource, _COMMITMENT)
    products["Commitment v1: Local SSD"] = (LOCAL_SSD, _COMMITMENT)
    slice_name = "A4 Nvidia B200 (1 gpu slice)"
    products[slice_name] = (A4_SLICE, _ON_DEMAND)
    products[f"Spot Preemptible {slice_name}"] = (A4_SLICE, _SPOT)
    products[f"Commitment v1: {slice_name}"] = (A4_SLICE, _COMMITMENT)
    return products


def _match(sku: dict[str, Any], products: Mapping[str, tuple[str, str]]) -> re.Match[str] | None:
    match = _DESCRIPTION.fullmatch(str(sku.get("description") or ""))
    return match if match and match["product"] in products else None


def _unlisted_gpu(sku: dict[str, Any]) -> str | None:
    """The name of a GPU product that is neither listed nor one of the kinds left out on purpose."""
    category = sku.get("category")
    if not isinstance(category, dict) or category.get("resourceGroup") != "GPU":
        return None
    description = str(sku.get("description") or "")
    if category.get("usageType") not in {"OnDemand", "Preemptible"} or _LEFT_OUT.search(description):
        return None
    match = _DESCRIPTION.fullmatch(description)
    name = match["product"] if match else description
    name = name.removesuffix(_SPOT_SUFFIX).removeprefix("Spot Preemptible ")
    return name or f"GPU price {sku.get('skuId')} without a description"


_LEFT_OUT = re.compile(
    r"DWS|Calendar Mode|Reserved|Sole Tenancy|Custom|Virtual Workstation|vWS|suspended|Premium|Capacity Optimized|Commitment"
)


def _resource(
    sku: dict[str, Any], match: re.Match[str], products: Mapping[str, tuple[str, str]]
) -> tuple[str, Purchase]:
    resource, way = products[match["product"]]
    if way == _COMMITMENT:
        if match["years"] is None:
            raise _DoubtError("a commitment without its term")
        purchase = Purchase.RESERVED_1Y if match["years"] == "1" else Purchase.RESERVED_3Y
    elif match["years"] is not None:
        raise _DoubtError(f"a term of years on a price {way}")
    else:
        purchase = Purchase.ON_DEMAND if way == _ON_DEMAND else Purchase.SPOT
    category = sku.get("category")
    usage_type = category.get("usageType") if isinstance(category, dict) else None
    accepted = _USAGE_TYPES[purchase]
    if resource == A4_SLICE and purchase is Purchase.SPOT:
        accepted = accepted | {"OnDemand"}  # the spot row of the B200 slice carries the usage type of on demand
    if usage_type not in accepted:
        raise _DoubtError(f"described as {purchase}, but of usage type {usage_type!r}")
    return resource, purchase


def _usd_per_unit(sku: dict[str, Any], resource: str, observed_on: date) -> Decimal:
    expression = _expression_in_force(sku, observed_on)
    tiers = expression.get("tieredRates")
    if not isinstance(tiers, list) or len(tiers) != 1 or not isinstance(tiers[0], dict):
        count = len(tiers) if isinstance(tiers, list) else 0
        raise _DoubtError(f"{count} price tiers where one is expected")
    usd = _amount(tiers[0].get("unitPrice"))
    return usd * _units_per_listed_unit(str(expression.get("usageUnit")), resource)


def _expression_in_force(sku: dict[str, Any], observed_on: date) -> dict[str, Any]:
    versions = sku.get("pricingInfo")
    if not isinstance(versions, list) or not versions:
        raise _DoubtError("no price")
    dated = [(_time(version.get("effectiveTime")), version) for version in versions if isinstance(version, dict)]
    in_force = [(start, version) for start, version in dated if start.astimezone(UTC).date() <= observed_on]
    if not in_force:
        raise _DoubtError("no price in force yet")
    newest = max(start for start, _ in in_force)
    expressions = [version.get("pricingExpression") for start, version in in_force if start == newest]
    if len(expressions) != 1 or not isinstance(expressions[0], dict):
        raise _DoubtError("two prices from the same moment, or none")
    return expressions[0]


def _time(text: object) -> datetime:
    if text is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise _DoubtError(f"{text!r} is not a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _amount(price: object) -> Decimal:
    """An amount of money: `units` + `nanos` / 1e9; either may be absent if 0, and both are negative for negative money."""
    if not isinstance(price, dict):
        raise _DoubtError("no price")
    if price.get("currencyCode") != "USD":
        raise _DoubtError(f"priced in {price.get('currencyCode')!r}, not USD")
    units, nanos = price.get("units", "0"), price.get("nanos", 0)
    if isinstance(nanos, bool) or not isinstance(nanos, int) or abs(nanos) >= 10**9:
        raise _DoubtError(f"{nanos!r} is not a number of billionths")
    if isinstance(units, bool) or not re.fullmatch(r"-?[0-9]{1,18}", str(units)):
        raise _DoubtError(f"{units!r} is not a whole number of USD")
    usd = Decimal(str(units)) + Decimal(nanos).scaleb(-9)
    if usd <= 0:
        raise _DoubtError(f"the price is {usd:f}")
    return usd


def _units_per_listed_unit(usage_unit: str, resource: str) -> Decimal:
    """Listed units in one of ours: 1 for the expected unit; 1.073741824 where memory is sold by the GB and not the GiB."""
    if resource == LOCAL_SSD:
        expected = {"GiBy.mo": Decimal(1)}
    elif resource.endswith(" memory"):
        expected = {"GiBy.h": Decimal(1), "GBy.h": Decimal(2**30).scaleb(-9)}
    else:
        expected = {"h": Decimal(1)}
    if usage_unit not in expected:
        raise _DoubtError(f"sold by {usage_unit!r}, not by {' or '.join(expected)}")
    return expected[usage_unit]


def _regions(sku: dict[str, Any]) -> list[str]:
    regions = sku.get("serviceRegions")
    if not isinstance(regions, list) or not regions:
        raise _DoubtError("for no region")
    if "global" in regions:
        raise _DoubtError("for the whole world, not a region")
    return [str(region) for region in regions]


def _settled(found: Mapping[RateKey, set[tuple[str, Decimal]]]) -> tuple[dict[RateKey, Decimal], list[HeldBack]]:
    """One rate a key; two different prices for one thing are both held back."""
    rates, conflicts = {}, []
    for (resource, purchase, region), rows in found.items():
        different = {usd for _, usd in rows}
        if len(different) == 1:
            rates[resource, purchase, region] = different.pop()
            continue
        said = ", ".join(f"{usd:f} ({sku})" for sku, usd in sorted(rows))
        conflicts.append(
            HeldBack(
                instance_type=resource,
                region=region,
                zone=None,
                gpu=None,
                gpu_count=None,
                purchase=purchase,
                usd_per_hour=None,
                source=ADDRESS,
                reason=f"several prices for one thing: {said}",
            )
        )
    return rates, conflicts


def _held(sku: dict[str, Any], reason: str) -> HeldBack:
    regions = sku.get("serviceRegions")
    return HeldBack(
        instance_type=str(sku.get("description") or sku.get("skuId") or "(no description)"),
        region=" ".join(map(str, regions)) if isinstance(regions, list) else "",
        zone=None,
        gpu=None,
        gpu_count=None,
        purchase=None,
        usd_per_hour=_price_as_sent(sku),
        source=f"{ADDRESS} {sku.get('skuId')}",
        reason=reason,
    )


def _price_as_sent(sku: dict[str, Any]) -> str | None:
    try:
        tiers = sku["pricingInfo"][-1]["pricingExpression"]["tieredRates"]
        price = tiers[-1]["unitPrice"]
        return f"{price.get('units', '')} + {price.get('nanos', '')} billionths {price.get('currencyCode', '')}"
    except (KeyError, IndexError, TypeError, AttributeError):
        return None


def _order(row: HeldBack) -> tuple[str, str, str]:
    return row.instance_type, row.region, row.reason
