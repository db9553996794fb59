"""Oracle Cloud Infrastructure: GPU shapes from Oracle's public price list. No account is needed; prices are USD.

Prices: `https://apexapps.oracle.com/pls/apex/cetools/api/v1/products/`, per GPU and hour. Shapes, and the products each
is made of: `https://www.oracle.com/a/ocom/docs/cloudestimator2/data/shapes.json`, a file of Oracle's cost estimator.

Covered: on demand in all commercial regions (one price, region `global`), CPU and memory included; preemptible shapes
at half of it, which is Oracle's rule and not a listed price. Not covered: which region has which shape (that needs an
account), commitments, VMware nodes, storage and traffic.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from planner.errors import ProviderError
from planner.hardware.gpus import load_gpus
from planner.model.records import Purchase
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.http import HttpClient, json_document, shown
from providers.lists import (
    DoubtError,
    PriceList,
    gpu_count_in,
    gpu_named,
    rows_in,
    shown_cell,
    size_in,
    text_in,
    usd_in,
)
from providers.saved import fetched, json_pages

PRICES = "https://apexapps.oracle.com/pls/apex/cetools/api/v1/products/?currencyCode=USD"
SHAPES = "https://www.oracle.com/a/ocom/docs/cloudestimator2/data/shapes.json"
PREEMPTIBLE_SHARE = Decimal(
    "0.5"
)  # of the on-demand price: https://docs.oracle.com/iaas/Content/Compute/Concepts/preemptible.htm
_PRODUCTS_PAGE, _SHAPES_PAGE = "products.json", "shapes.json"
_PER_GPU = "GPU Per Hour"


class OciProvider:
    """The adapter for Oracle Cloud Infrastructure.

    Args:
        prices_address: of the list of products.
        shapes_address: of the list of shapes.
        sleep: waits between tries.
    """

    name = "oci"

    def __init__(
        self,
        *,
        prices_address: str = PRICES,
        shapes_address: str = SHAPES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._addresses = {_PRODUCTS_PAGE: prices_address, _SHAPES_PAGE: shapes_address}
        self._sleep = sleep

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save the list of products and the list of shapes.

        Raises:
            ProviderError: one of them did not come, or is no such list.
        """
        client = HttpClient(timeout_seconds=request.timeout_seconds, sleep=self._sleep)
        for page, address in self._addresses.items():
            body = client.get(address)
            items = _items(json_document(body, shown(address)), shown(address))
            pages.save(page, body)
            report(f"{page.removesuffix('.json')}: {len(items):,} rows")

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every GPU shape whose product has a price per GPU and hour.

        Raises:
            ProviderError: a page is missing or no list, or no GPU shape is in it.
        """
        fetch = fetched(pages)
        content = dict(json_pages(pages))
        products = _items(content.get(_PRODUCTS_PAGE), _PRODUCTS_PAGE)
        shapes = _items(content.get(_SHAPES_PAGE), _SHAPES_PAGE)
        prices = PriceList(self.name, "Oracle price list", fetch.observed_at.date())
        rates = _Rates(rows_in(products, prices))
        count = 0
        for shape in rows_in(shapes, prices):
            if _sells_gpus(shape):
                count += 1
                _add_shape(shape, rates, prices)
        if not count:
            raise ProviderError("Oracle's lists hold no shape with GPUs. Try again: planner refresh oci")
        day = fetch.observed_at.date()
        note = "USD per GPU and hour, times the GPUs of the shape; preemptible is half of it by rule"
        return prices.parsed(
            (
                Source(name="Oracle price list", observed_on=day, address=PRICES, note=note),
                Source(name="Oracle cost estimator", observed_on=day, address=SHAPES, note="shapes and their products"),
            ),
            fetch.gaps,
        )

    def credentials(self) -> str:
        """One line for `planner providers`."""
        return "prices: no account needed"


def _items(page: Any, where: str) -> list[Any]:
    if not isinstance(page, dict) or not isinstance(page.get("items"), list):
        raise ProviderError(f"{where} holds no list of items.")
    items: list[Any] = page["items"]
    return items


def _sells_gpus(shape: Mapping[str, Any]) -> bool:
    """Whether a shape has GPUs and can be had: old ones stay in the list, hidden or with another status."""
    kind = shape.get("subType")
    is_gpu_shape = bool(shape.get("gpuQty")) or (isinstance(kind, dict) and kind.get("value") == "gpu")
    return is_gpu_shape and shape.get("hidden") is not True and shape.get("status") in (None, "ACTIVE")


def _add_shape(shape: Mapping[str, Any], rates: _Rates, prices: PriceList) -> None:
    try:
        name = text_in(shape, "name")
        count = gpu_count_in(shape, "gpuQty")
        part, ocpus = rates.gpu_product(shape)
        usd_per_gpu = rates.usd(part)
        memory = size_in(shape, "gpuMemoryQty")
        gpu = _gpu(name, None if memory is None else memory / count)
        if gpu is None:
            said = name if memory is None else f"{name} with {memory / count:g} GB a GPU"
            prices.unknown_gpu(said, name=name, price=usd_per_gpu * count)
            return
        memory_gib = size_in(shape, "bundleMemoryQty")
    except DoubtError as doubt:
        prices.hold_back(shape.get("name"), doubt)
        return
    # an OCPU is a core of two threads, on Arm of one; the list's own word for the processor is wrong for A10 and A100
    threads = 1 if load_gpus()[gpu].form_factor == "superchip" else 2
    on_demand = usd_per_gpu * count
    ways = {Purchase.ON_DEMAND: (on_demand, f"{part}, {usd_per_gpu:f} USD per GPU")}
    if shape.get("allowPreemptible") is True:
        ways[Purchase.SPOT] = (on_demand * PREEMPTIBLE_SHARE, f"{part}, preemptible: half of on demand by rule")
    for purchase, (usd_per_hour, note) in ways.items():
        prices.add(
            name,
            gpu=gpu,
            gpu_count=float(count),
            vcpus=None if ocpus is None else ocpus * threads,
            memory_gib=memory_gib,
            purchase=purchase,
            usd_per_hour=usd_per_hour,
            note=note,
        )


def _gpu(shape: str, memory_gib: float | None) -> str | None:
    """The GPU in a shape's name: `BM.GPU.A100-v2.8` has A100. Older names are spellings of their own: `BM.GPU4.8`.

    Where the name leaves it open, the cards are SXM: all of Oracle's H100, H200 and A100 are in HGX machines.
    """
    family = shape.rpartition(".")[0]
    word = re.sub(r"-(v\d+|NC)$", "", family.rpartition(".")[2])
    for spelling in (family, word):
        found = gpu_named(spelling, memory_gib=memory_gib, form_factor="sxm")
        if found is not None:
            return found
    return None


class _Rates:
    """Prices per GPU and hour by part number. A part may be listed twice, and once in each currency."""

    def __init__(self, products: Iterable[Mapping[str, Any]]) -> None:
        self._products: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for product in products:
            if product.get("metricName") == _PER_GPU:
                self._products[shown_cell(product.get("partNumber"))].append(product)

    def gpu_product(self, shape: Mapping[str, Any]) -> tuple[str, float | None]:
        """The part number of a shape's GPUs and its OCPUs: the quantity in which that part is listed."""
        listed = shape.get("products")
        parts = [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []
        named = {shown_cell(part.get("partNumber")): part for part in parts}
        found = {number: part for number, part in named.items() if number in self._products}
        if len(found) != 1:
            raise DoubtError(
                f"{len(found)} of its parts are sold per GPU and hour (parts: {', '.join(named) or 'none'})"
            )
        ((number, part),) = found.items()
        kind = part.get("type")
        is_counted = isinstance(kind, dict) and kind.get("value") == "ocpu"
        return number, size_in(part, "qty") if is_counted else None

    def usd(self, part: str) -> Decimal:
        """USD per GPU and hour, pay as you go."""
        found = {
            usd_in(price, "value")
            for product in self._products[part]
            if product.get("billingModel") in (None, "UCM") and product.get("pricetype") in (None, "HOUR")
            for price in _pay_as_you_go(product)
        }
        if len(found) != 1:
            said = ", ".join(f"{price:f}" for price in sorted(found)) or "none"
            raise DoubtError(f"{len(found)} pay-as-you-go prices in USD of part {part}: {said}")
        return found.pop()


def _pay_as_you_go(product: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    currencies = product.get("currencyCodeLocalizations")
    for currency in currencies if isinstance(currencies, list) else ():
        if isinstance(currency, dict) and currency.get("currencyCode") == "USD":
            listed = currency.get("prices")
            for price in listed if isinstance(listed, list) else ():
                if isinstance(price, dict) and price.get("model") == "PAY_AS_YOU_GO":
                    yield price
