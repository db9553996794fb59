"""Lambda: instance types from `https://cloud.lambda.ai/api/v1`, USD for the whole instance.

Needs the key of an account in `LAMBDA_API_KEY`.

Covered: on demand. One price holds everywhere, so each type is offered in every region that Lambda names; what is not in
stock there at the moment says so in its source. Not covered: 1-Click clusters, reservations, filesystems, sales tax.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from planner.errors import ProviderError
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.http import HttpClient, HttpStatusError, json_document, shown
from providers.keys import KeyedProvider, key_in, key_state, refused
from providers.lists import (
    EVERYWHERE,
    DoubtError,
    PriceList,
    count_in,
    gpu_named,
    part_in,
    rows_in,
    shown_cell,
    size_in,
    text_in,
)
from providers.saved import fetched, json_pages

ADDRESS = "https://cloud.lambda.ai/api/v1"
_VARIABLES = ("LAMBDA_API_KEY",)
_CENTS_PER_USD = 100
# "8x H100 (80 GB SXM5)"; the count is missing in a description of the GPU alone
_DESCRIPTION = re.compile(r"(?:(\d+)x )?(.+?)(?: \((\d+) GB(?: (\w+))?\))?")


class LambdaProvider(KeyedProvider):
    """The adapter for Lambda."""

    name = "lambda"
    address = ADDRESS

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save the list of instance types, and that of images, which names all regions; without the latter, a gap.

        Raises:
            ProviderError: no key, or the list of instance types did not come.
        """
        key = key_in(self._environ, _VARIABLES, "https://cloud.lambda.ai/api-keys")
        client = HttpClient(
            timeout_seconds=request.timeout_seconds, sleep=self._sleep, headers={"Authorization": f"Bearer {key}"}
        )
        try:
            _save("instance-types", self._address, client, pages, report)
        except HttpStatusError as error:
            raise refused(error, _VARIABLES) from error
        try:
            _save("images", self._address, client, pages, report)
        except ProviderError as error:
            pages.add_gap(
                f"regions without a machine in stock: the list of images, which names them, did not come ({error})"
            )

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every instance type with GPUs; pages are told apart by what they hold.

        Raises:
            ProviderError: a page is neither list, or no type in them has a GPU.
        """
        fetch = fetched(pages)
        day = fetch.observed_at.date()
        prices = PriceList(self.name, "Lambda instance types", day)
        types: dict[str, Any] = {}
        regions: set[str] = set()
        for name, page in json_pages(pages):
            data = _data(page, name)
            if isinstance(data, dict):
                types.update(data)
                regions.update(region for entry in data.values() for region in _stocked(entry))
            else:
                regions.update(_name_in(image.get("region")) for image in data if isinstance(image, dict))
        regions.discard("")
        for row in rows_in(types.values(), prices):
            _add_type(row, sorted(regions) or [EVERYWHERE], prices)
        if not prices.has_rows:
            raise ProviderError("Lambda's list holds no instance type with GPUs. Try again: planner refresh lambda")
        note = "price of the whole instance in USD, without filesystems and sales tax; one price in all regions"
        return prices.parsed(
            (Source(name="Lambda instance types", observed_on=day, address=ADDRESS, note=note),), fetch.gaps
        )

    def credentials(self) -> str:
        """One line: the variable that holds a key, or that it is missing."""
        return key_state(self._environ, _VARIABLES)


def _save(name: str, address: str, client: HttpClient, pages: RawPages, report: Report) -> None:
    where = f"{address}/{name}"
    body = client.get(where)
    entries = _data(json_document(body, shown(where)), shown(where))
    pages.save(f"{name}.json", body)
    report(f"{name}: {len(entries):,}")


def _data(page: Any, where: str) -> dict[str, Any] | list[Any]:
    data = page.get("data") if isinstance(page, dict) else None
    if not isinstance(data, dict | list):
        raise ProviderError(f"{where} holds neither instance types nor images.")
    return data


def _stocked(entry: Any) -> list[str]:
    """Names of the regions that have a type in stock; anything that is no region is passed over here."""
    listed = entry.get("regions_with_capacity_available") if isinstance(entry, dict) else None
    return [name for region in listed if (name := _name_in(region))] if isinstance(listed, list) else []


def _name_in(region: Any) -> str:
    try:
        return text_in(region, "name") if isinstance(region, dict) else ""
    except DoubtError:
        return ""


def _add_type(row: Mapping[str, Any], regions: Sequence[str], prices: PriceList) -> None:
    kind: Mapping[str, Any] = {}
    try:
        kind = part_in(row, "instance_type")
        name = text_in(kind, "name")
        specs = part_in(kind, "specs")
        described = text_in(kind, "gpu_description" if kind.get("gpu_description") is not None else "description")
        count = _gpu_count(specs, kind)
        if not count:
            return
        usd_per_hour = Decimal(_cents(kind)) / _CENTS_PER_USD
        gpu = _gpu(described)
        if gpu is None:
            prices.unknown_gpu(described, name=name, price=usd_per_hour)
            return
        vcpus, memory_gib = size_in(specs, "vcpus"), size_in(specs, "memory_gib")
        _check_stock(row)
    except DoubtError as doubt:
        prices.hold_back(kind.get("name"), doubt, price=_shown_price(kind))
        return
    stocked = _stocked(row)
    for region in regions:
        prices.add(
            name,
            region=region,
            gpu=gpu,
            gpu_count=float(count),
            vcpus=vcpus,
            memory_gib=memory_gib,
            usd_per_hour=usd_per_hour,
            note="" if region in stocked else "not in stock at the moment",
        )


def _check_stock(row: Mapping[str, Any]) -> None:
    if not isinstance(row.get("regions_with_capacity_available"), list):
        raise DoubtError("regions_with_capacity_available is not a list")


def _gpu_count(specs: Mapping[str, Any], kind: Mapping[str, Any]) -> int:
    """The number of GPUs; older replies say it in the description alone."""
    if specs.get("gpus") is not None:
        return count_in(specs, "gpus")
    match = _DESCRIPTION.fullmatch(text_in(kind, "description"))
    if match is None or match[1] is None:
        raise DoubtError("no number of GPUs")
    # "4x CPU General" has no memory of a GPU
    return count_in({"gpus": int(match[1])}, "gpus") if match[3] else 0


def _cents(kind: Mapping[str, Any]) -> int:
    cents = kind.get("price_cents_per_hour")
    if cents is None:
        raise DoubtError("no price")
    if isinstance(cents, bool) or not isinstance(cents, int):
        raise DoubtError(f"the price {shown_cell(cents)!r} is not a whole number of cents")
    if not 0 < cents < 10**9:
        raise DoubtError(f"the price is {shown_cell(cents)} cents")
    return cents


def _gpu(described: str) -> str | None:
    """The GPU of a description such as `H100 (80 GB SXM5)`: by all of it, else by name, memory and form."""
    match = _DESCRIPTION.fullmatch(described)
    if match is None:
        return None
    _, name, memory, form = match.groups()
    whole = gpu_named(described.removeprefix(f"{match[1]}x "))
    if whole is not None or memory is None:
        return whole
    return gpu_named(name, memory_gib=float(memory), form_factor=re.sub(r"\d", "", form).lower() if form else None)


def _shown_price(kind: Mapping[str, Any]) -> str | None:
    cents = kind.get("price_cents_per_hour")
    return None if cents is None else f"{shown_cell(cents)} cents"
