"""Prices of spare capacity: spot, by availability zone, and capacity blocks, by the block on offer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from planner.model.records import Purchase
from providers.aws_rows import OfferBuilder

SPOT_SOURCE = "AWS spot price history"
BLOCK_SOURCE = "AWS capacity block offerings"


def add_spot_prices(entries: Iterable[Mapping[str, Any]], builder: OfferBuilder) -> None:
    """Add the newest Linux price of every type and zone; entries are those of `SpotPriceHistory`.

    A price stays in force until the next one, so an old timestamp is no reason for doubt. If the newest one cannot be
    believed, no older one takes its place.
    """
    newest: dict[tuple[str, str], tuple[str, set[str], str]] = {}
    for entry in entries:
        description = str(entry.get("ProductDescription")).removesuffix(" (Amazon VPC)")
        if description != "Linux/UNIX":
            continue
        zone = str(entry.get("AvailabilityZone") or "")
        # letters are shuffled between accounts, ids are not
        key = (str(entry.get("InstanceType")), str(entry.get("AvailabilityZoneId") or zone))
        moment, usd = str(entry.get("Timestamp")), str(entry.get("SpotPrice") or "")
        known = newest.get(key)
        if known is None or moment > known[0]:
            newest[key] = (moment, {usd}, zone_region(zone))
        elif moment == known[0]:
            known[1].add(usd)
    for (instance_type, zone), (_, prices, region) in sorted(newest.items()):
        if not builder.may_have_gpu(instance_type):
            continue
        for usd in sorted(prices):
            builder.add_price(
                instance_type=instance_type,
                region=region,
                zone=zone,
                purchase=Purchase.SPOT,
                usd=usd,
                currency="USD",
                source=SPOT_SOURCE,
            )


def add_capacity_blocks(
    entries: Iterable[Mapping[str, Any]], zone_ids: Mapping[str, str], builder: OfferBuilder
) -> None:
    """Add the block of every type and zone that starts first; entries are those of `CapacityBlockOfferings`.

    USD per instance-hour = upfront fee / (hours of the block x instances).

    Args:
        entries: offerings; the fee is for all instances and the whole block.
        zone_ids: id by name of a zone, as far as known.
        builder: takes the prices.
    """
    first: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entry in entries:
        key = (str(entry.get("InstanceType")), str(entry.get("AvailabilityZone") or ""))
        if key not in first or str(entry.get("StartDate")) < str(first[key].get("StartDate")):
            first[key] = entry
    for (instance_type, zone), entry in sorted(first.items()):
        builder.add_price(
            instance_type=instance_type,
            region=zone_region(zone),
            zone=zone_ids.get(zone, zone),
            purchase=Purchase.CAPACITY_BLOCK,
            usd=_usd_per_instance_hour(entry),
            currency=str(entry.get("CurrencyCode") or ""),
            source=BLOCK_SOURCE,
        )


def zone_region(zone: str) -> str:
    """The price list's code of the region or Local Zone that an availability zone is in: its name less the letter."""
    return zone[:-1] if zone[-1:].isalpha() else zone


def zone_ids(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Ids of zones by their names, from the entries of `SpotPriceHistory`."""
    return {
        str(entry["AvailabilityZone"]): str(entry["AvailabilityZoneId"])
        for entry in entries
        if entry.get("AvailabilityZone") and entry.get("AvailabilityZoneId")
    }


def _usd_per_instance_hour(entry: Mapping[str, Any]) -> str:
    hours, count = entry.get("CapacityBlockDurationHours"), entry.get("InstanceCount")
    fee = str(entry.get("UpfrontFee") or "")
    if not isinstance(hours, int) or not isinstance(count, int) or hours <= 0 or count <= 0:
        return ""
    try:
        return f"{float(fee) / (hours * count):.6f}"
    except ValueError:
        return fee
