"""RunPod: pods of Secure and Community Cloud from `https://api.runpod.io/graphql`, USD per GPU and hour.

No account is needed. A pod costs its GPUs times the price of one, the same in all data centres, so all prices stand in
the region `global`.

Covered: on demand, pods of 1, 2, 4, 8 and the most GPUs, type `4x_H100-80GB-HBM3_SECURE` or `..._COMMUNITY`. Not covered:
spot (a floor for bids is all that is published, and since 2026 it equals the price), plans of months, clusters, MIG
slices, disks and network volumes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
    usd_in,
)
from providers.saved import fetched, json_pages

ADDRESS = "https://api.runpod.io/graphql"
_QUERY = (
    "query { gpuTypes { id displayName memoryInGb maxGpuCount maxGpuCountSecureCloud maxGpuCountCommunityCloud"
    " minPodGpuCount secureCloud communityCloud securePrice communityPrice"
    " lowestPrice(input: {gpuCount: 1}) { minimumBidPrice uninterruptablePrice stockStatus } } }"
)
_CLOUDS = (
    ("SECURE", "secureCloud", "securePrice", "maxGpuCountSecureCloud"),
    ("COMMUNITY", "communityCloud", "communityPrice", "maxGpuCountCommunityCloud"),
)
_COUNTS = (1, 2, 4, 8)  # any number up to the most is let; these are what machines hold


class RunpodProvider:
    """The adapter for RunPod.

    Args:
        address: of the GraphQL service.
        sleep: waits between tries.
    """

    name = "runpod"

    def __init__(self, *, address: str = ADDRESS, sleep: Callable[[float], None] = time.sleep) -> None:
        self._address = address
        self._sleep = sleep

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save the one reply that holds all GPU types.

        Raises:
            ProviderError: it did not come, or is an error told with status 200.
        """
        client = HttpClient(timeout_seconds=request.timeout_seconds, sleep=self._sleep)
        body = client.post(self._address, {"query": _QUERY, "variables": {}})
        types = _gpu_types(json_document(body, shown(self._address)), shown(self._address))
        pages.save("gpu-types.json", body)
        report(f"{len(types):,} GPU types")

    def parse(self, pages: RawPages) -> ParsedPrices:
        """Offers of every GPU type that is sold.

        Raises:
            ProviderError: a page holds no list of GPU types, or the lists are empty.
        """
        fetch = fetched(pages)
        day = fetch.observed_at.date()
        prices = PriceList(self.name, "RunPod GPU types", day)
        floors = False
        for name, page in json_pages(pages):
            for row in rows_in(_gpu_types(page, name), prices):
                _add_type(row, prices)
                floor = _floor(row)
                if floor is not None:
                    floors = True
                    reason = "a floor for bids below the price: spot is sold, but not at a price that is published"
                    prices.hold_back(row.get("id"), reason, price=floor, purchase=Purchase.SPOT)
        if not prices.has_rows:
            raise ProviderError("RunPod's list holds no GPU type that is sold. Try again: planner refresh runpod")
        note = "price of a GPU in USD times the GPUs of the pod, without disks"
        return prices.parsed(
            (Source(name="RunPod GPU types", observed_on=day, address=ADDRESS, note=note),),
            fetch.gaps,
            ended=() if floors else (Purchase.SPOT,),
        )

    def credentials(self) -> str:
        """One line for `planner providers`."""
        return "prices: no account needed"


def _gpu_types(page: Any, where: str) -> list[Any]:
    errors = page.get("errors") if isinstance(page, dict) else None
    if errors:
        first = errors[0] if isinstance(errors, list) else errors
        said = first.get("message") if isinstance(first, dict) else first
        raise ProviderError(f"{where} answered with an error: {shown_cell(said)}.")
    data = page.get("data") if isinstance(page, dict) else None
    types = data.get("gpuTypes") if isinstance(data, dict) else None
    if not isinstance(types, list):
        raise ProviderError(f"{where} holds no list of GPU types.")
    return types


def _add_type(row: Mapping[str, Any], prices: PriceList) -> None:
    try:
        name = text_in(row, "id")
        _check_whole_gpu(name)
        memory_gib = size_in(row, "memoryInGb")
        note = _stock_note(row)
    except DoubtError as doubt:
        prices.hold_back(row.get("id"), doubt)
        return
    gpu = gpu_named(name, memory_gib=memory_gib, form_factor="sxm")
    for cloud, flag, price_key, most_key in _CLOUDS:
        kind = f"{'-'.join(_short(name).split())}_{cloud}"
        try:
            if not _is_sold(row, flag):
                continue
            usd_per_gpu_hour = usd_in(row, price_key)
            counts = _counts(row, most_key)
        except DoubtError as doubt:
            prices.hold_back(kind, doubt, price=row.get(price_key))
            continue
        if gpu is None:
            said = name if memory_gib is None else f"{name} with {memory_gib:g} GB"
            prices.unknown_gpu(said, name=kind, price=usd_per_gpu_hour)
            continue
        for count in counts:
            prices.add(
                f"{count}x_{kind}", gpu=gpu, gpu_count=float(count), usd_per_hour=usd_per_gpu_hour * count, note=note
            )


def _check_whole_gpu(name: str) -> None:
    if " MIG " in f" {name} ":
        raise DoubtError("a share of a GPU (MIG)")


def _is_sold(row: Mapping[str, Any], flag: str) -> bool:
    """Whether a cloud sells the type; where it does not, the price is a placeholder: 0 or 0.5."""
    if not isinstance(row.get(flag), bool):
        raise DoubtError(f"{flag} {shown_cell(row.get(flag))!r} is neither yes nor no")
    return bool(row[flag])


def _stock_note(row: Mapping[str, Any]) -> str:
    lowest = _lowest(row)
    return "not to be had at the moment" if lowest and lowest.get("uninterruptablePrice") is None else ""


def _floor(row: Mapping[str, Any]) -> float | None:
    """The floor for bids on a pod of one GPU, if it is below the price; `None` otherwise, and where there is none."""
    try:
        lowest = _lowest(row)
        floor, price = size_in(lowest, "minimumBidPrice"), size_in(lowest, "uninterruptablePrice")
    except DoubtError:
        return None
    return floor if floor is not None and price is not None and floor < price else None


def _lowest(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {} if row.get("lowestPrice") is None else part_in(row, "lowestPrice")


def _short(name: str) -> str:
    """The id without maker and family, as books have it: `NVIDIA GeForce RTX 4090` is RTX 4090."""
    for prefix in ("NVIDIA ", "AMD Instinct ", "AMD ", "GeForce "):
        name = name.removeprefix(prefix)
    return name


def _counts(row: Mapping[str, Any], most_key: str) -> list[int]:
    """Numbers of GPUs of a pod; the most of both clouds where that of one is not said."""
    most = count_in(row, "maxGpuCount" if row.get(most_key) is None else most_key)
    least = count_in(row, "minPodGpuCount") or 1
    found = sorted(count for count in {*_COUNTS, most} if least <= count <= most)
    if not found:
        raise DoubtError(f"pods of {least} to {most} GPUs")
    return found
