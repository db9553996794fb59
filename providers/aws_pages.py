"""Parses saved pages of AWS, recognised by their content, into offers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from planner.errors import ProviderError
from planner.model.records import Purchase
from providers.aws_bulk import csv_rows, head, publication_date, unpacked
from providers.aws_bulk_json import json_rows, savings_plan_rates
from providers.aws_rows import OfferBuilder, product_rows
from providers.aws_spot import BLOCK_SOURCE, SPOT_SOURCE, add_capacity_blocks, add_spot_prices, zone_ids
from providers.aws_types import instance_types
from providers.base import ParsedPrices, RawPages, Source
from providers.http import json_document
from providers.saved import fetched

LIST_SOURCE = "AWS price list"
SAVINGS_SOURCE = "AWS Compute Savings Plans, no upfront payment"
_SAVINGS = {"1yr": Purchase.SAVINGS_1Y, "3yr": Purchase.SAVINGS_3Y}
_ADDRESSES = {
    LIST_SOURCE: "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/region_index.json",
    SAVINGS_SOURCE: "https://pricing.us-east-1.amazonaws.com/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/current/",
    SPOT_SOURCE: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotPriceHistory.html",
    BLOCK_SOURCE: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeCapacityBlockOfferings.html",
}
_NOTES = {
    LIST_SOURCE: "Linux, shared tenancy; reserved: standard class, no upfront payment",
    SPOT_SOURCE: "the price in force when asked, by availability zone id",
    BLOCK_SOURCE: "the block of one day that starts first, fee divided by its hours",
}
# what the first bytes of a page hold -> its kind; in this order, as rates of savings plans name AmazonEC2 too
_SIGNS = (
    (rb'"PriceList"\s*:', "products"),
    (rb'"SpotPriceHistory"\s*:', "spot"),
    (rb'"CapacityBlockOfferings"\s*:', "blocks"),
    (rb'"InstanceTypes"\s*:', "types"),
    (rb'"(currentVersionUrl|versionUrl|InstanceTypeOfferings)"\s*:', "ignored"),
    (rb'"offerCode"\s*:\s*"AmazonEC2"', "offer file"),
    (rb'"savingsPlan"\s*:|SavingsPlans?"', "savings plans"),
)


@dataclass(slots=True)
class _Sorted:
    """The pages of one fetch by kind: files of price lists as paths, everything else as entries."""

    offer_files: list[Path] = field(default_factory=list)
    savings_files: list[Path] = field(default_factory=list)
    documents: list[Any] = field(default_factory=list)
    types: list[Mapping[str, Any]] = field(default_factory=list)
    spot: list[Mapping[str, Any]] = field(default_factory=list)
    blocks: list[Mapping[str, Any]] = field(default_factory=list)


def parse_pages(pages: RawPages) -> ParsedPrices:
    """Offers of every known GPU type in the pages.

    Raises:
        ProviderError: a page is damaged or none of the kinds known here.
    """
    fetch = fetched(pages)
    found = _sort(pages)
    observed_on = fetch.observed_at.date()
    builder = OfferBuilder(instance_types(found.types), observed_on)
    _add_price_lists(found, builder)
    _add_savings_plans(found.savings_files, builder)
    add_spot_prices(found.spot, builder)
    add_capacity_blocks(found.blocks, zone_ids(found.spot), builder)
    made = builder.offers()
    offers = [
        offer
        for offer in made
        if (not fetch.regions or offer.region in fetch.regions)
        and (not fetch.purchases or offer.purchase in fetch.purchases)
    ]
    return ParsedPrices(
        offers=tuple(offers),
        held_back=tuple(builder.held_back),
        unpriced=tuple(builder.unpriced(made) if found.documents or found.offer_files else ()),
        unknown_gpus=tuple(builder.unknown_gpus()),
        sources=tuple(_sources({offer.source for offer in offers}, found, observed_on)),
        gaps=fetch.gaps,
    )


def _sort(pages: RawPages) -> _Sorted:
    found = _Sorted()
    entries: dict[str, tuple[str, list[Any]]] = {
        "products": ("PriceList", found.documents),
        "types": ("InstanceTypes", found.types),
        "spot": ("SpotPriceHistory", found.spot),
        "blocks": ("CapacityBlockOfferings", found.blocks),
    }
    for path in _files(pages):
        name = path.relative_to(pages.folder).as_posix()
        kind = _kind(path, name)
        if kind == "offer file":
            found.offer_files.append(path)
        elif kind == "savings plans":
            found.savings_files.append(path)
        elif kind != "ignored":
            key, known = entries[kind]
            known += _listed(json_document(unpacked(path), name), key, name)
    return found


def _files(pages: RawPages) -> Iterator[Path]:
    for path in sorted(pages.folder.rglob("*")):
        if path.is_file() and path.suffix != ".part" and path.name != "manifest.json":
            yield path


def _kind(path: Path, name: str) -> str:
    start = head(path)
    if start.lstrip(b"\xef\xbb\xbf").startswith((b'"FormatVersion"', b"FormatVersion", b'"SKU"')):
        return "offer file"
    for sign, kind in _SIGNS:
        if re.search(sign, start):
            return kind
    raise ProviderError(f"{name} is no page of AWS prices that this version reads; it may be cut off or a web page.")


def _listed(document: object, key: str, name: str) -> list[Any]:
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ProviderError(f"{name} holds no list {key}.")
    return found if key == "PriceList" else [entry for entry in found if isinstance(entry, dict)]


def _add_price_lists(found: _Sorted, builder: OfferBuilder) -> None:
    for entry in found.documents:
        document = _document(entry)
        if document is None:
            reason = f"an entry of the price list is not JSON: {str(entry)[:60]!r}"
            builder.hold_back("", "", None, None, LIST_SOURCE, reason)
            continue
        for row in product_rows(document, LIST_SOURCE):
            builder.add_row(row)
    for path in found.offer_files:
        is_json = head(path, 512).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
        for row in json_rows(path, LIST_SOURCE) if is_json else csv_rows(path, LIST_SOURCE):
            builder.add_row(row)


def _document(entry: object) -> Mapping[str, Any] | None:
    """A product: price list entries are JSON within JSON."""
    if isinstance(entry, str):
        try:
            entry = json.loads(entry)
        except ValueError:
            return None
    return entry if isinstance(entry, dict) else None


def _add_savings_plans(paths: Iterable[Path], builder: OfferBuilder) -> None:
    for path in paths:
        for term, rate in savings_plan_rates(path):
            product = builder.products.get(str(rate.get("discountedSku")))
            price = rate.get("discountedRate")
            if product is None or term not in _SAVINGS or not isinstance(price, dict):
                continue  # a discount on another system, tenancy or term
            if rate.get("unit") != "Hrs":
                reason = f"the unit is {rate.get('unit')!r}, not hours"
                builder.hold_back(
                    product.instance_type,
                    product.region,
                    _SAVINGS[term],
                    str(price.get("price")),
                    SAVINGS_SOURCE,
                    reason,
                )
                continue
            builder.add_price(
                instance_type=product.instance_type,
                region=product.region,
                zone="",
                purchase=_SAVINGS[term],
                usd=str(price.get("price", "")),
                currency=str(price.get("currency", "")),
                source=SAVINGS_SOURCE,
                gpu=product.gpu,
            )


def _sources(used: Iterable[str], found: _Sorted, observed_on: date) -> Iterator[Source]:
    published = sorted({moment for path in found.offer_files if (moment := publication_date(path))})
    for name in sorted(used):
        notes = [_NOTES[name]] if name in _NOTES else []
        if name == LIST_SOURCE and published:
            notes.append(f"published {published[0]}" + (f" to {published[-1]}" if len(published) > 1 else ""))
        yield Source(name=name, observed_on=observed_on, address=_ADDRESSES[name], note="; ".join(notes))
