"""DigitalOcean: sizes of GPU Droplets from `https://api.digitalocean.com/v2/sizes`, USD for the whole Droplet.

Needs a token that may read sizes, in `DIGITALOCEAN_TOKEN` or `DIGITALOCEAN_ACCESS_TOKEN`.

Covered: on demand and spot, in each region that a size can be had in; a size that can be had nowhere at the moment
keeps its price, in the region `global`, and the source of the row says so. Not covered: sizes sold under a contract
(held back), volumes and traffic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planner.errors import ProviderError
from planner.model.records import Purchase
from planner.units import MIB_PER_GIB
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.http import HttpClient, HttpStatusError, check_same_host, json_document, shown
from providers.keys import KeyedProvider, key_in, key_state, refused
from providers.lists import (
    EVERYWHERE,
    DoubtError,
    PriceList,
    gpu_count_in,
    gpu_named,
    part_in,
    rows_in,
    shown_cell,
    size_in,
    text_in,
    usd_in,
)
from providers.saved import fetched, json_pages

ADDRESS = "https://api.digitalocean.com/v2/sizes"
_VARIABLES = ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN")
_MAX_PAGES = 50  # all sizes fill one page today


class DigitalOceanProvider(KeyedProvider):
    """The adapter for DigitalOcean."""

    name = "digitalocean"
    address = ADDRESS

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save every page of the list of sizes.

        Raises:
            ProviderError: no token, or the list did not come whole.
        """
        token = key_in(self._environ, _VARIABLES, "https://cloud.digitalocean.com/account/api/tokens")
        client = HttpClient(
            timeout_seconds=request.timeout_seconds,
            sleep=self._sleep,
            headers={"Authorization": f"Bearer {token}"},
        )
        try:
            bodies = list(self._pages(client))
        except HttpStatusError as error:
            raise refused(error, _VARIABLES) from error
        for number, body in enumerate(bodies, start=1):
            pages.save(f"sizes-{number:03}.json", body)
            report(f"sizes: page {number}")

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every size with GPUs.

        Raises:
            ProviderError: a page is no list of sizes, or no size in them has a GPU.
        """
        fetch = fetched(pages)
        day = fetch.observed_at.date()
        prices = PriceList(self.name, "DigitalOcean sizes", day)
        count = 0
        for name, page in json_pages(pages):
            for row in rows_in(_sizes(page, name), prices):
                if row.get("gpu_info") is not None:
                    count += 1
                    _add_size(row, prices)
        if not count:
            raise ProviderError("DigitalOcean's list holds no size with GPUs. Try again: planner refresh digitalocean")
        note = "price of the whole Droplet in USD, with its boot and scratch disk"
        return prices.parsed(
            (Source(name="DigitalOcean sizes", observed_on=day, address=ADDRESS, note=note),), fetch.gaps
        )

    def credentials(self) -> str:
        """One line: the variable that holds a token, or which ones are missing."""
        return key_state(self._environ, _VARIABLES)

    def _pages(self, client: HttpClient) -> Iterator[bytes]:
        """All pages; a next link in circles or to another host ends the fetch."""
        link = f"{self._address}?per_page=500"
        seen: set[str] = set()
        while link not in seen:
            if len(seen) >= _MAX_PAGES:
                raise ProviderError(f"{shown(link)}: more than {_MAX_PAGES} pages; not read further.")
            seen.add(link)
            body = client.get(link)
            page = json_document(body, shown(link))
            _sizes(page, shown(link))
            yield body
            following = _next(page)
            if following is None:
                return
            link = check_same_host(following, link)
        raise ProviderError(f"{shown(link)} was reached a second time: the pages point in a circle; not followed.")


def _sizes(page: Any, where: str) -> list[Any]:
    if not isinstance(page, dict) or not isinstance(page.get("sizes"), list):
        raise ProviderError(f"{where} holds no list of sizes.")
    sizes: list[Any] = page["sizes"]
    return sizes


def _next(page: Mapping[str, Any]) -> str | None:
    links = page.get("links")
    pages = links.get("pages") if isinstance(links, dict) else None
    following = pages.get("next") if isinstance(pages, dict) else None
    return str(following) if following else None


def _add_size(row: Mapping[str, Any], prices: PriceList) -> None:
    try:
        slug = text_in(row, "slug")
        described = part_in(row, "gpu_info")
        count = gpu_count_in(described, "count")
        usd_per_hour = usd_in(row, "price_hourly")
        memory = _gpu_memory_gib(described)
        model = text_in(described, "model")
        gpu = _gpu(model, count, memory)
        if gpu is None:
            said = model if memory is None else f"{model}, {count} with {memory:g} GB"
            prices.unknown_gpu(said, name=slug, price=usd_per_hour)
            return
        memory_mib = size_in(row, "memory")
        vcpus = size_in(row, "vcpus")
        regions = _regions(row)
        _check_terms(slug)
    except DoubtError as doubt:
        prices.hold_back(row.get("slug"), doubt, price=row.get("price_hourly"))
        return
    for region in regions or [EVERYWHERE]:
        prices.add(
            slug,
            region=region,
            gpu=gpu,
            gpu_count=float(count),
            vcpus=vcpus,
            memory_gib=None if memory_mib is None else memory_mib / MIB_PER_GIB,
            purchase=Purchase.SPOT if slug.endswith("-spot") else Purchase.ON_DEMAND,
            usd_per_hour=usd_per_hour,
            note="" if regions and row.get("available") is not False else "not to be had at the moment",
        )


def _gpu_memory_gib(described: Mapping[str, Any]) -> float | None:
    """Memory of all GPUs together; `None` where it is not said."""
    if described.get("vram") is None:
        return None
    vram = part_in(described, "vram")
    unit = vram.get("unit")
    if unit not in ("gib", "gb"):
        raise DoubtError(f"GPU memory in {shown_cell(unit)!r}, not in 'gib'")
    return size_in(vram, "amount")


def _gpu(model: str, count: int, memory_gib: float | None) -> str | None:
    """The GPU of a model such as `nvidia_h100`. DigitalOcean's H100 and H200 are cards of HGX machines: SXM."""
    spelling = model.removeprefix("nvidia_").removeprefix("amd_")
    return gpu_named(spelling, memory_gib=None if memory_gib is None else memory_gib / count, form_factor="sxm")


def _regions(row: Mapping[str, Any]) -> list[str]:
    regions = row.get("regions")
    if not isinstance(regions, list):
        raise DoubtError("regions is not a list")
    return [text_in({"region": region}, "region") for region in regions]


def _check_terms(slug: str) -> None:
    if slug.endswith("-contracted"):
        raise DoubtError("sold under a contract, not on demand")
