"""Verda, once DataCrunch: instance types from `https://api.datacrunch.io/v1/instance-types`. No account is needed.

Covered: on demand and spot, the price of the whole instance in USD, the same in all locations (region `global`). Types
priced in euro are held back. Not covered: which location has which type in stock (that needs an account), long-term
contracts, clusters, containers, storage and traffic.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from planner.errors import ProviderError
from planner.model.records import Purchase
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.http import HttpClient, json_document, shown
from providers.lists import (
    DoubtError,
    PriceList,
    count_in,
    gpu_named,
    part_in,
    rows_in,
    shown_cell,
    size_in,
    text_in,
    usd_text_in,
)
from providers.saved import fetched, json_pages

ADDRESS = "https://api.datacrunch.io/v1/instance-types"
_PAGE = "instance-types.json"
_PRICES = {Purchase.ON_DEMAND: "price_per_hour", Purchase.SPOT: "spot_price"}


class VerdaProvider:
    """The adapter for Verda.

    Args:
        address: of the list of instance types.
        sleep: waits between tries.
    """

    name = "verda"

    def __init__(self, *, address: str = ADDRESS, sleep: Callable[[float], None] = time.sleep) -> None:
        self._address = address
        self._sleep = sleep

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save the list of instance types.

        Raises:
            ProviderError: it did not come, or is no list.
        """
        body = HttpClient(timeout_seconds=request.timeout_seconds, sleep=self._sleep).get(self._address)
        types = _types(json_document(body, shown(self._address)), shown(self._address))
        pages.save(_PAGE, body)
        report(f"{len(types):,} instance types")

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every instance type with GPUs.

        Raises:
            ProviderError: the page is missing or no list, or no type in it has a GPU.
        """
        fetch = fetched(pages)
        day = fetch.observed_at.date()
        prices = PriceList(self.name, "Verda instance types", day)
        count = 0
        for row in rows_in(_types(dict(json_pages(pages)).get(_PAGE), _PAGE), prices):
            count += _add_type(row, prices)
        if not count:
            raise ProviderError("Verda's list holds no instance type with GPUs. Try again: planner refresh verda")
        note = "price of the whole instance in USD, without storage"
        return prices.parsed(
            (Source(name="Verda instance types", observed_on=day, address=ADDRESS, note=note),), fetch.gaps
        )

    def credentials(self) -> str:
        """One line for `planner providers`."""
        return "prices: no account needed"


def _types(page: Any, where: str) -> list[Any]:
    if not isinstance(page, list):
        raise ProviderError(f"{where} is no list of instance types.")
    return page


def _add_type(row: Mapping[str, Any], prices: PriceList) -> bool:
    """Takes the offers of a row, or holds them back; whether it is about GPUs at all."""
    try:
        described = part_in(row, "gpu")
        count = count_in(described, "number_of_gpus")
        if not count:
            return False
        name = text_in(row, "instance_type")
        memory = size_in(part_in(row, "gpu_memory"), "size_in_gigabytes")
        spelling = _spelling(text_in(described, "description"), count)
        gpu = gpu_named(spelling, memory_gib=None if memory is None else memory / count)
        if gpu is None:
            said = spelling if memory is None else f"{spelling} with {memory / count:g} GB a GPU"
            prices.unknown_gpu(said, name=name, price=row.get("price_per_hour"))
            return True
        vcpus = size_in(part_in(row, "cpu"), "number_of_cores")
        memory_gib = size_in(part_in(row, "memory"), "size_in_gigabytes")
    except DoubtError as doubt:
        prices.hold_back(row.get("instance_type"), doubt, price=row.get("price_per_hour"))
        return True
    for purchase, key in _PRICES.items():
        if purchase is Purchase.SPOT and row.get(key) is None:
            continue  # not every type is sold as spot
        try:
            usd_per_hour = _usd(row, key)
        except DoubtError as doubt:
            prices.hold_back(name, doubt, price=row.get(key), purchase=purchase)
            continue
        prices.add(
            name,
            gpu=gpu,
            gpu_count=float(count),
            vcpus=vcpus,
            memory_gib=memory_gib,
            purchase=purchase,
            usd_per_hour=usd_per_hour,
        )
    return True


def _usd(row: Mapping[str, Any], key: str) -> Decimal:
    if row.get("currency") != "usd":
        raise DoubtError(f"priced in {shown_cell(row.get('currency'))!r}, not in 'usd'")
    return usd_text_in(row, key)


def _spelling(description: str, count: int) -> str:
    """The GPU in a description without count and memory: `8x H100 SXM5 80GB` is `H100 SXM5`."""
    found = re.fullmatch(r"(\d{1,4})x (.+?)( \d+ ?GB)?", description)
    if found is None or int(found[1]) != count:
        raise DoubtError(f"{count} GPUs are described as {shown_cell(description)!r}")
    return found[2]
