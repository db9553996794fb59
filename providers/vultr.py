"""Vultr: GPU plans from `https://api.vultr.com/v2/plans` and `/plans-metal`, USD for the whole plan.

No account is needed.

Covered: on demand and preemptible (`spot`), shares of a GPU by its memory, in each location that sells a plan; a plan
that no location sells at the moment keeps its price, in the region `global`, and its source says so. Not covered: the
month as a cap (672 hours of bare metal, 730 of a cloud plan), disks, traffic and backups.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from planner.errors import ProviderError
from planner.hardware.gpus import load_gpus
from planner.model.records import Purchase
from planner.units import MIB_PER_GIB
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.http import HttpClient, json_document, shown
from providers.lists import (
    EVERYWHERE,
    MEMORY_TOLERANCE,
    DoubtError,
    PriceList,
    gpu_count_in,
    gpu_named,
    rows_in,
    size_in,
    text_in,
    usd_in,
)
from providers.saved import fetched, json_pages

ADDRESS = "https://api.vultr.com/v2"
_LISTS = {"plans": "plans?type=all&per_page=500", "plans_metal": "plans-metal?per_page=500"}
_MAX_PAGES = 50  # all plans fill one page today
_CLOUD_ID = re.compile(r"vcg-(?P<gpu>[a-z0-9]+)-.*?(?:-(?P<memory>\d+)vram)?")
_METAL_ID = re.compile(r"vbm-.*?(?:-(?P<count>\d+))?-(?P<gpu>[a-z0-9]+)-gpu")
_MISNAMED = {"l40": "l40s"}  # the machine vbm-64c-2048gb-8-l40-gpu holds L40S
_MEMORY_GIB = {"a100": 80.0}  # the one A100 that Vultr sells; its name stands for two
_WHOLE_COUNTS = (1, 2, 4, 8, 16)
_COUNT_DIGITS = 6  # as books write a share of a GPU
_IN_HGX = 8  # a bare-metal machine of eight is an HGX: SXM; Vultr does not say the form of the others, entered as PCIe


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a plan holds and where it is sold."""

    name: str
    gpu: str
    gpu_count: float
    vcpus: float | None
    memory_gib: float | None
    locations: tuple[str, ...]


class VultrProvider:
    """The adapter for Vultr.

    Args:
        address: scheme, host and first part of the path.
        sleep: waits between tries.
    """

    name = "vultr"

    def __init__(self, *, address: str = ADDRESS, sleep: Callable[[float], None] = time.sleep) -> None:
        self._address = address
        self._sleep = sleep

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save every page of the plans and of those of bare metal.

        Raises:
            ProviderError: a list did not come whole.
        """
        client = HttpClient(timeout_seconds=request.timeout_seconds, sleep=self._sleep)
        for kind, path in _LISTS.items():
            for number, body in enumerate(self._pages(client, kind, f"{self._address}/{path}"), start=1):
                pages.save(f"{kind}-{number:03}.json", body)
                report(f"{kind}: page {number}")

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every plan with GPUs.

        Raises:
            ProviderError: a page is no list of plans, or no plan in them has a GPU.
        """
        fetch = fetched(pages)
        day = fetch.observed_at.date()
        prices = PriceList(self.name, "Vultr plans", day)
        for name, page in json_pages(pages):
            kind = "plans_metal" if isinstance(page, dict) and "plans_metal" in page else "plans"
            for row in rows_in(_plans(page, kind, name), prices):
                if _has_gpu(row):
                    _add_plan(row, prices, is_metal=kind == "plans_metal")
        if not prices.has_rows:
            raise ProviderError("Vultr's lists hold no plan with GPUs. Try again: planner refresh vultr")
        note = "price of the whole plan in USD by the hour; shares of a GPU by its memory; a month has a cap, which is not counted"
        return prices.parsed((Source(name="Vultr plans", observed_on=day, address=ADDRESS, note=note),), fetch.gaps)

    def credentials(self) -> str:
        """One line for `planner providers`."""
        return "prices: no account needed"

    def _pages(self, client: HttpClient, kind: str, address: str) -> Iterator[bytes]:
        """All pages of a list; a cursor in circles ends the fetch."""
        seen: set[str] = set()
        cursor = ""
        while cursor not in seen:
            if len(seen) >= _MAX_PAGES:
                raise ProviderError(f"{shown(address)}: more than {_MAX_PAGES} pages; not read further.")
            seen.add(cursor)
            body = client.get(f"{address}&cursor={quote(cursor, safe='')}" if cursor else address)
            page = json_document(body, shown(address))
            _plans(page, kind, shown(address))
            yield body
            cursor = _next(page)
            if not cursor:
                return
        raise ProviderError(f"{shown(address)}: the cursor {cursor[:20]!r} came a second time; not followed.")


def _plans(page: Any, kind: str, where: str) -> list[Any]:
    plans = page.get(kind) if isinstance(page, dict) else None
    if not isinstance(plans, list):
        raise ProviderError(f"{where} holds no list of {kind}.")
    return plans


def _next(page: Mapping[str, Any]) -> str:
    meta = page.get("meta")
    links = meta.get("links") if isinstance(meta, dict) else None
    cursor = links.get("next") if isinstance(links, dict) else None
    return str(cursor) if cursor else ""


def _has_gpu(row: Mapping[str, Any]) -> bool:
    """Whether a plan has a GPU: by its own word, or by its id, which is all that bare metal and newer plans say it with."""
    if any(row.get(key) for key in ("gpu_type", "gpu_vram_gb", "gpu_brand")):
        return True
    name = row.get("id")
    return isinstance(name, str) and (name.startswith("vcg-") or name.endswith("-gpu"))


def _add_plan(row: Mapping[str, Any], prices: PriceList, *, is_metal: bool) -> None:
    try:
        name = text_in(row, "id")
        match = (_METAL_ID if is_metal else _CLOUD_ID).fullmatch(name)
        spelled = _spelled(row, match)
        machine_count = float(gpu_count_in({"id": int(match["count"] or 1)}, "id")) if is_metal and match else None
        gpu = _gpu(row, spelled, machine_count)
        if gpu is None:
            prices.unknown_gpu(spelled, name=name, price=row.get("hourly_cost"))
            return
        memory = size_in(row, "ram")
        plan = _Plan(
            name=name,
            gpu=gpu,
            gpu_count=_stated_count(row) or machine_count or _share(row, match, gpu),
            vcpus=size_in(row, "cpu_threads" if is_metal else "vcpu_count"),
            memory_gib=None if memory is None else memory / MIB_PER_GIB,
            locations=_locations(row),
        )
        _check_sold(row)
    except DoubtError as doubt:
        prices.hold_back(row.get("id"), doubt, price=row.get("hourly_cost"))
        return
    for location in plan.locations or (EVERYWHERE,):
        _add_prices(row, plan, location, prices)


def _spelled(row: Mapping[str, Any], match: re.Match[str] | None) -> str:
    """The GPU as Vultr spells it, without its maker: `A100_SXM`."""
    if row.get("gpu_type"):
        return text_in(row, "gpu_type").removeprefix("NVIDIA_").removeprefix("AMD_")
    if match is None:
        raise DoubtError("neither gpu_type nor the id names a GPU")
    return _MISNAMED.get(match["gpu"], match["gpu"])


def _gpu(row: Mapping[str, Any], spelled: str, machine_count: float | None) -> str | None:
    memory = size_in(row, "gpu_vram_gb") if machine_count else None
    return gpu_named(
        spelled,
        memory_gib=memory / machine_count if memory and machine_count else _MEMORY_GIB.get(spelled.lower()),
        form_factor="sxm" if machine_count == _IN_HGX else "pcie",
    )


def _stated_count(row: Mapping[str, Any]) -> float | None:
    """The number of whole GPUs where a plan states one; shares are written in many ways, their memory is not."""
    count = row.get("gpu_count")
    return float(gpu_count_in(row, "gpu_count")) if isinstance(count, int) and not isinstance(count, bool) else None


def _share(row: Mapping[str, Any], match: re.Match[str] | None, gpu: str) -> float:
    """GPUs of a plan by their memory together: 4 GB of an A100 with 80 are 0.05."""
    memory = size_in(row, "gpu_vram_gb") or float(match["memory"] or 0 if match else 0)
    if not memory:
        raise DoubtError("no gpu_vram_gb")
    of_one = load_gpus()[gpu].memory_gib
    share = round(memory / of_one, _COUNT_DIGITS)
    if 0 < share < 1 - MEMORY_TOLERANCE:
        return share
    for count in _WHOLE_COUNTS:
        if abs(memory / count - of_one) <= MEMORY_TOLERANCE * of_one:
            return float(count)
    raise DoubtError(f"{memory:g} GB are no whole number of GPUs with {of_one:g} GB")


def _locations(row: Mapping[str, Any]) -> tuple[str, ...]:
    locations = row.get("locations")
    if not isinstance(locations, list):
        raise DoubtError("locations is not a list")
    return tuple(dict.fromkeys(text_in({"location": location}, "location") for location in locations))


def _check_sold(row: Mapping[str, Any]) -> None:
    if row.get("deploy_ondemand") is False and row.get("deploy_preemptible") is False:
        raise DoubtError("sold neither on demand nor preemptible")


def _add_prices(row: Mapping[str, Any], plan: _Plan, location: str, prices: PriceList) -> None:
    """The offers of a plan in one location, which may have prices of its own."""
    own = row.get("location_cost")
    costs = own.get(location) if isinstance(own, dict) else None
    costs = costs if isinstance(costs, dict) and costs else row
    for purchase, read in ((Purchase.ON_DEMAND, _on_demand), (Purchase.SPOT, _preemptible)):
        try:
            usd_per_hour = read(row, costs)
        except DoubtError as doubt:
            key = "hourly_cost" if purchase is Purchase.ON_DEMAND else "hourly_cost_preemptible"
            prices.hold_back(plan.name, doubt, price=costs.get(key), purchase=purchase)
            continue
        if usd_per_hour is not None:
            prices.add(
                plan.name,
                region=location,
                gpu=plan.gpu,
                gpu_count=plan.gpu_count,
                vcpus=plan.vcpus,
                memory_gib=plan.memory_gib,
                purchase=purchase,
                usd_per_hour=usd_per_hour,
                note="" if plan.locations else "sold nowhere at the moment",
            )


def _on_demand(row: Mapping[str, Any], costs: Mapping[str, Any]) -> Decimal | None:
    return None if row.get("deploy_ondemand") is False else usd_in(costs, "hourly_cost")


def _preemptible(row: Mapping[str, Any], costs: Mapping[str, Any]) -> Decimal | None:
    """The preemptible price; `None` where it is not sold, which an equal price says too."""
    if row.get("deploy_preemptible") is False or not costs.get("hourly_cost_preemptible"):
        return None
    usd_per_hour = usd_in(costs, "hourly_cost_preemptible")
    is_equal = row.get("deploy_ondemand") is not False and float(usd_per_hour) == costs.get("hourly_cost")
    return None if is_equal else usd_per_hour
