"""Hyperstack (NexGen Cloud): prices per GPU from its price book, times the GPUs of each flavour.

Addresses, below `https://infrahub-api.nexgencloud.com/v1`: `/pricebook` (USD per hour and GPU) and `/core/flavors`
(shapes, regions, stock). Both need an API key in `HYPERSTACK_API_KEY`; any key of an account may read them.

Covered: on demand and spot. A price is what the account pays now, so a discount of its own is in it; the source of the
row names the price before. Without flavours each GPU is one offer of one GPU in the region `global`. Not covered:
reservations, machines without GPUs, storage, public addresses and traffic.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from planner.errors import ProviderError
from planner.model.records import Purchase
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.http import HttpClient, HttpStatusError, json_document, shown
from providers.keys import KeyedProvider, key_in, key_state, refused
from providers.lists import (
    EVERYWHERE,
    DoubtError,
    PriceList,
    count_in,
    gpu_named,
    rows_in,
    shown_cell,
    size_in,
    text_in,
    usd_in,
)
from providers.saved import fetched, json_pages

ADDRESS = "https://infrahub-api.nexgencloud.com/v1"
_VARIABLES = ("HYPERSTACK_API_KEY",)
_PRICEBOOK, _FLAVORS = "pricebook.json", "flavors.json"
_PATHS = {_PRICEBOOK: "/pricebook", _FLAVORS: "/core/flavors"}
# lines of the price book that are no GPU; what is neither this nor a known GPU is reported by name
_NO_GPU = re.compile(
    r"\b(v?cpu|ip|ram|volume|storage|disk|ssd|snapshot|image|memory|ephemeral|cluster|firewall)", re.IGNORECASE
)


class HyperstackProvider(KeyedProvider):
    """The adapter for Hyperstack."""

    name = "hyperstack"
    address = ADDRESS

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save the price book and, if they come, the flavours.

        Raises:
            ProviderError: no key, or the price book did not come.
        """
        key = key_in(self._environ, _VARIABLES, "https://console.hyperstack.cloud, API keys")
        client = HttpClient(timeout_seconds=request.timeout_seconds, sleep=self._sleep, headers={"api_key": key})
        report(f"price book: {self._save(client, _PRICEBOOK, pages):,} lines")
        try:
            report(f"flavours: {self._save(client, _FLAVORS, pages):,} groups")
        except ProviderError as error:
            pages.add_gap(f"Hyperstack's flavours: each GPU is priced as a machine of one. {error}")

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every flavour whose GPU has a price; without flavours, of one GPU each.

        Raises:
            ProviderError: a page is no such list, or the price book has no line for a GPU.
        """
        fetch = fetched(pages)
        day = fetch.observed_at.date()
        content = dict(json_pages(pages))
        prices = PriceList(self.name, "Hyperstack price book", day)
        rates = _settled(_rates(_list(content.get(_PRICEBOOK), _PRICEBOOK), prices), prices)
        if not rates and not prices.has_rows:
            raise ProviderError("Hyperstack's price book has no line for a GPU. Try again: planner refresh hyperstack")
        if _FLAVORS in content:
            _add_flavors(_list(content[_FLAVORS], _FLAVORS), rates, prices)
        else:
            for rate in rates.values():
                _add(rate.name, rate, 1, prices)
        note = "USD per hour and GPU that the account pays, times the GPUs of the flavour"
        return prices.parsed(
            (Source(name="Hyperstack price book", observed_on=day, address=f"{ADDRESS}/pricebook", note=note),),
            fetch.gaps,
        )

    def credentials(self) -> str:
        """One line: the variable that holds a key, or that it is missing."""
        return key_state(self._environ, _VARIABLES)

    def _save(self, client: HttpClient, page: str, pages: RawPages) -> int:
        """Saves a page once it is known to be a list; returns the number of its rows."""
        address = f"{self._address}{_PATHS[page]}"
        try:
            body = client.get(address)
        except HttpStatusError as error:
            raise refused(error, _VARIABLES) from error
        rows = _list(json_document(body, shown(address)), shown(address))
        pages.save(page, body)
        return len(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    """A line of the price book: a GPU under the name it has there, and its price."""

    name: str
    gpu: str
    purchase: Purchase
    usd_per_gpu_hour: Decimal
    note: str


def _list(page: Any, where: str) -> list[Any]:
    """The rows of a page: the price book is a bare list, flavours stand under `data`."""
    rows = page.get("data") if isinstance(page, dict) else page
    if not isinstance(rows, list):
        raise ProviderError(f"{where} holds no list.")
    return rows


def _rates(lines: list[Any], prices: PriceList) -> Iterator[_Rate]:
    for line in rows_in(lines, prices):
        try:
            name = text_in(line, "name")
            spelling, memory = _spelling(name)
            gpu = gpu_named(spelling, memory_gib=memory)
            if gpu is None and _NO_GPU.search(name):
                continue
            usd = usd_in(line, "value")
        except DoubtError as doubt:
            prices.hold_back(line.get("name"), doubt, price=line.get("value"))
            continue
        if gpu is None:
            prices.unknown_gpu(name, name=name, price=usd)
            continue
        purchase = Purchase.SPOT if name.lower().endswith("-spot") else Purchase.ON_DEMAND
        yield _Rate(name=name, gpu=gpu, purchase=purchase, usd_per_gpu_hour=usd, note=_discount(line))


def _settled(rates: Iterable[_Rate], prices: PriceList) -> dict[str, _Rate]:
    """The one price of each name; a name with several is held back."""
    found: dict[str, set[_Rate]] = defaultdict(set)
    for rate in rates:
        found[rate.name].add(rate)
    for name, several in found.items():
        if len(several) > 1:
            said = ", ".join(f"{price:f}" for price in sorted(rate.usd_per_gpu_hour for rate in several))
            prices.hold_back(name, f"several prices for one GPU: {said}")
    return {name: rates.pop() for name, rates in found.items() if len(rates) == 1}


def _spelling(name: str) -> tuple[str, float | None]:
    """GPU and memory in a name: `H100-80G-PCIe-NVLink-spot` is an H100-PCIe of 80 GB; NVLink is a bridge between cards."""
    plain = re.sub(r"-(spot|NVLink)(?=-|$)", "", name, flags=re.IGNORECASE)
    memory = re.search(r"-(\d{1,4})G(?=-|$)", plain)
    if memory is None:
        return plain, None
    return plain.replace(memory[0], "", 1), float(memory[1])


def _discount(line: Mapping[str, Any]) -> str:
    if line.get("discount_applied") is not True:
        return ""
    until = line.get("end_time")
    return f"discounted from {shown_cell(line.get('original_value'))}" + (
        f" until {shown_cell(until)}" if until else ""
    )


def _add_flavors(groups: list[Any], rates: Mapping[str, _Rate], prices: PriceList) -> None:
    """Takes every flavour with GPUs; a GPU with a price that no flavour has is held back."""
    unsold = dict(rates)
    for group in rows_in(groups, prices):
        flavors = group.get("flavors")
        for flavor in rows_in(flavors if isinstance(flavors, list) else (), prices):
            try:
                count = count_in(flavor, "gpu_count")
                if not count:
                    continue
                rate = _rate_of(flavor, rates)
                unsold.pop(rate.name, None)
                _add(
                    text_in(flavor, "name"),
                    rate,
                    count,
                    prices,
                    region=text_in(flavor, "region_name"),
                    vcpus=size_in(flavor, "cpu"),
                    memory_gib=size_in(flavor, "ram"),
                    is_in_stock=flavor.get("stock_available") is not False,
                )
            except DoubtError as doubt:
                prices.hold_back(flavor.get("name"), doubt)
    for rate in unsold.values():
        prices.hold_back(rate.name, "no flavour has this GPU", price=rate.usd_per_gpu_hour, purchase=rate.purchase)


def _rate_of(flavor: Mapping[str, Any], rates: Mapping[str, _Rate]) -> _Rate:
    name = text_in(flavor, "gpu")
    if name not in rates:
        raise DoubtError(f"no usable price of its GPU {name} in the price book")
    return rates[name]


def _add(
    name: str,
    rate: _Rate,
    count: int,
    prices: PriceList,
    *,
    region: str = EVERYWHERE,
    vcpus: float | None = None,
    memory_gib: float | None = None,
    is_in_stock: bool = True,
) -> None:
    notes = [rate.note, "" if is_in_stock else "out of stock"]
    prices.add(
        name,
        region=region,
        gpu=rate.gpu,
        gpu_count=float(count),
        vcpus=vcpus,
        memory_gib=memory_gib,
        purchase=rate.purchase,
        usd_per_hour=rate.usd_per_gpu_hour * count,
        note="; ".join(filter(None, notes)),
    )
