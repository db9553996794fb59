"""Says what is in a price file from which no price of a GPU came, so that people see why."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any

from planner.outside.documents import json_of
from planner.outside.files import opened, unpacked

MAX_BYTES = 500_000_000
SHOWN = 5
SHOWN_EXAMPLES = 2

Item = tuple[str, str]
"""The kind of one thing that has a price, and its name; empty names are not shown."""


def contents_text(paths: Sequence[Path]) -> str:
    """What price files hold, in a few words: `1 product: Windows, p3.8xlarge`."""
    kinds: Counter[str] = Counter()
    names: dict[str, dict[str, None]] = defaultdict(dict)
    for path in paths:
        for kind, name in _items(path):
            kinds[kind] += 1
            if name and len(names[kind]) < SHOWN_EXAMPLES:
                names[kind][name] = None
    total = kinds.total()
    if not total:
        return "nothing that has a price"
    shown = [
        ", ".join((kind if len(kinds) == 1 else f"{count:,} {kind}", *names[kind]))
        for kind, count in kinds.most_common(SHOWN)
    ]
    more = f"; {len(kinds) - SHOWN} more kinds" if len(kinds) > SHOWN else ""
    return f"{total:,} {'product' if total == 1 else 'products'}: {'; '.join(shown)}{more}"


def _items(path: Path) -> Iterator[Item]:
    """The things with a price in a file; nothing for a file that cannot be read again."""
    try:
        with unpacked(opened(path, MAX_BYTES), MAX_BYTES) as file:
            if ".json" in path.suffixes:
                yield from _json_items(json_of(file.read()))
            else:
                with TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
                    yield from _csv_items(text)
    except (OSError, ValueError, RecursionError, TypeError, AttributeError, csv.Error):
        return


def _json_items(page: Any) -> Iterator[Item]:
    if not isinstance(page, dict):
        return
    products = page.get("products")
    if isinstance(products, dict):
        yield from (_aws_product(product) for product in products.values())
    for text in _list(page, "PriceList"):
        yield _aws_product(json.loads(text).get("product") if isinstance(text, str) else text)
    for item in _list(page, "Items"):
        yield _azure_item(item)
    for sku in _list(page, "skus"):
        category = _dict(sku, "category")
        yield _words(category.get("resourceFamily"), category.get("resourceGroup")), ""


def _aws_product(product: Any) -> Item:
    attributes = _dict(product, "attributes")
    return _aws_kind(
        str(_dict({"it": product}, "it").get("productFamily") or ""),
        str(attributes.get("operatingSystem") or ""),
        str(attributes.get("tenancy") or ""),
        str(attributes.get("preInstalledSw") or ""),
        has_gpu=str(attributes.get("gpu") or "0") not in ("", "0"),
    ), str(attributes.get("instanceType") or "")


def _aws_kind(family: str, system: str, tenancy: str, software: str, *, has_gpu: bool) -> str:
    if not system:
        return family or "product of no family"
    extras = [tenancy] if tenancy not in ("", "Shared") else []
    extras += [software] if software not in ("", "NA") else []
    if system == "Linux":
        extras += [] if has_gpu else ["without a GPU"]
    return _words(system, *extras)


def _azure_item(item: Any) -> Item:
    found = _dict({"it": item}, "it")
    product, sku = str(found.get("productName") or ""), str(found.get("skuName") or "")
    extras = [word for word in ("Windows", "Low Priority", "Cloud Services") if word in f"{product} {sku}"]
    extras += [] if found.get("type") in (None, "Consumption") else [found["type"]]
    kind = _words(*extras, found.get("serviceName"))
    return kind, str(found.get("armSkuName") or "")


def _csv_items(file: Iterable[str]) -> Iterator[Item]:
    lines = iter(file)
    first = list(islice(lines, 1))
    if first and first[0].lstrip('"').startswith("FormatVersion"):
        # AWS puts a few lines of its own before the names of the columns
        first = [line for line in islice(lines, 10) if line.startswith(('"SKU"', "SKU"))][:1]
    for row in csv.DictReader([*first, *lines]):
        yield _csv_item({key: value or "" for key, value in row.items() if key})


def _csv_item(row: dict[str, str]) -> Item:
    if "SKU" in row:
        kind = _aws_kind(
            row.get("Product Family", ""),
            row.get("Operating System", ""),
            row.get("Tenancy", ""),
            row.get("Pre Installed S/W", ""),
            has_gpu=row.get("GPU", "") not in ("", "0"),
        )
        return kind, row.get("Instance Type", "")
    name = row.get("InstanceType") or row.get("instance_name") or ""
    gpu = row.get("AcceleratorName") or row.get("gpu_name")
    return (f"{gpu}" if gpu else "machine without a GPU"), name


def _words(*words: Any) -> str:
    return " ".join(str(word) for word in words if word) or "product of no kind"


def _list(page: dict[str, Any], key: str) -> list[Any]:
    found = page.get(key)
    return found if isinstance(found, list) else []


def _dict(page: Any, key: str) -> dict[str, Any]:
    found = page.get(key) if isinstance(page, dict) else None
    return found if isinstance(found, dict) else {}
