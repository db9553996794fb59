"""Vast.ai: levels of its marketplace from `https://console.vast.ai/api/v0/bundles/`, USD for the whole machine.

No account is needed. A key in `VAST_API_KEY` is sent if there is one.

A single machine is gone once it is rented, so a book holds levels: one offer for each GPU, number of GPUs and continent
(AF, AN, AS, EU, NA, OC, SA; `unknown` where a host does not say its place). Its price is the median of what the hosts ask.

Covered: on demand, verified hosts. Not covered: interruptible machines (only a floor for bids is published), reserved
ones, hosts that Vast has not verified, traffic (each host bills it by the GB) and disks beyond the smallest.
"""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from planner.errors import ProviderError
from planner.hardware.gpus import load_gpus, resolve_gpu
from planner.units import MIB_PER_GIB
from providers.base import FetchRequest, ParsedPrices, RawPages, Report, Source
from providers.continents import continent_of
from providers.http import HttpClient, HttpStatusError, json_document, shown
from providers.keys import KeyedProvider, key_in, refused
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

ADDRESS = "https://console.vast.ai/api/v0/bundles/"
_VARIABLES = ("VAST_API_KEY",)
_WANTED = {"rentable": {"eq": True}, "rented": {"eq": False}, "verified": {"eq": True}, "type": "on-demand"}
_LIMIT = 3000  # of one reply; what is behind it is asked for by price
_SHORTEST_LIMIT = 64  # the service has been seen to cut replies at that, unasked
_MAX_PAGES = 200
_BYTES_PER_MB, _BYTES_PER_GIB = 10**6, 2**30
_DEAREST_USD = 1e6  # an hour; what is above is no price to go on from
_SAYS_NVL = {"H200"}  # Vast names the card "H200 NVL", so the short name is the SXM part


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """One machine or part of one that a host lets: the level it counts for, and its figures."""

    level: tuple[str, str, int, str]  # instance type, GPU, count, continent
    machine: str
    usd_per_hour: Decimal
    vcpus: float | None
    memory_gib: float | None
    reliability: float | None


class VastProvider(KeyedProvider):
    """The adapter for Vast.ai."""

    name = "vast"
    address = ADDRESS

    def fetch(self, request: FetchRequest, pages: RawPages, report: Report) -> None:
        """Save every reply of the search, the cheapest bundles first.

        Raises:
            ProviderError: the key was refused, or the list did not come whole.
        """
        headers = {}
        if self._environ.get(_VARIABLES[0], "").strip():
            headers["Authorization"] = (
                f"Bearer {key_in(self._environ, _VARIABLES, 'https://cloud.vast.ai/manage-keys/')}"
            )
        client = HttpClient(timeout_seconds=request.timeout_seconds, sleep=self._sleep, headers=headers)
        try:
            bodies = list(self._pages(client, report))
        except HttpStatusError as error:
            if headers or error.status not in (401, 403):
                raise refused(error, _VARIABLES) from error
            raise ProviderError(f"{error} Vast asks for a key now: set {_VARIABLES[0]}.") from error
        for number, body in enumerate(bodies, start=1):
            pages.save(f"bundles-{number:03}.json", body)

    def parse(self, pages: RawPages) -> ParsedPrices:
        """The levels of all listings that can be used.

        Raises:
            ProviderError: a page is no list of bundles, or there is none in them.
        """
        fetch = fetched(pages)
        day = fetch.observed_at.date()
        prices = PriceList(self.name, "Vast.ai bundles", day)
        rows = [row for name, page in json_pages(pages) for row in _bundles(page, name)]
        if not rows:
            raise ProviderError("Vast's list holds no bundle. Try again: planner refresh vast")
        listings = [one for row in rows_in(_once(rows), prices) if (one := _listing(row, prices)) is not None]
        for level, members in _levels(listings).items():
            _add_level(level, members, prices)
        note = (
            "levels of verified hosts: the median of whole machines in USD, with the smallest disk and without traffic"
        )
        return prices.parsed((Source(name="Vast.ai bundles", observed_on=day, address=ADDRESS, note=note),), fetch.gaps)

    def credentials(self) -> str:
        """One line: no account is needed; says whether a key is there."""
        found = self._environ.get(_VARIABLES[0], "").strip()
        return f"prices: no account needed{f'; key in {_VARIABLES[0]}' if found else ''}"

    def _pages(self, client: HttpClient, report: Report) -> Iterator[bytes]:
        """Replies until one holds nothing new: each asks for what costs as much as the dearest of the last or more."""
        seen: set[str] = set()
        floor: float | None = None
        for number in range(1, _MAX_PAGES + 1):
            body = client.get(self._link(floor))
            where = f"reply {number} of {shown(self._address)}"
            bundles = _bundles(json_document(body, where), where)
            new = {name for bundle in bundles if (name := _id(bundle)) is not None} - seen
            if number > 1 and not new:
                _check_whole(bundles, where)
                return
            yield body
            report(f"reply {number}: {len(new):,} bundles")
            seen |= new
            floor = max(_prices(bundles), default=None)
            if floor is None:
                return
        raise ProviderError(
            f"{shown(self._address)}: more than {_MAX_PAGES} replies with new bundles; not read further."
        )

    def _link(self, floor: float | None) -> str:
        query: dict[str, Any] = {**_WANTED, "order": [["dph_total", "asc"]], "limit": _LIMIT}
        if floor is not None:
            query["dph_total"] = {"gte": floor}
        return f"{self._address}?q={quote(json.dumps(query))}"


def _bundles(page: Any, where: str) -> list[Any]:
    if not isinstance(page, dict) or not isinstance(page.get("offers"), list):
        raise ProviderError(f"{where} holds no list of offers.")
    bundles: list[Any] = page["offers"]
    return bundles


def _id(bundle: Any) -> str | None:
    number = bundle.get("id") if isinstance(bundle, dict) else None
    return f"{number}" if isinstance(number, int | str) else None


def _once(bundles: Iterable[Any]) -> list[Any]:
    """The bundles, each once: one may come in two replies, and the later one holds."""
    by_id: dict[str, Any] = {}
    nameless = []
    for bundle in bundles:
        name = _id(bundle)
        if name is None:
            nameless.append(bundle)
        else:
            by_id[name] = bundle
    return [*by_id.values(), *nameless]


def _prices(bundles: Iterable[Any]) -> list[float]:
    """Prices to go on from; a price that is none is for the parser to name."""
    found = [bundle.get("dph_total") for bundle in bundles if isinstance(bundle, dict)]
    return [float(price) for price in found if isinstance(price, int | float) and 0 < price < _DEAREST_USD]


def _check_whole(bundles: Sequence[Any], where: str) -> None:
    """Refuse a last reply that may have been cut among bundles of one price: no question reaches behind them."""
    prices = _prices(bundles)
    if len(prices) >= _SHORTEST_LIMIT and min(prices) == max(prices):
        raise ProviderError(f"{where} holds {len(prices):,} bundles at one price; what follows cannot be asked for.")


def _listing(row: Mapping[str, Any], prices: PriceList) -> _Listing | None:
    """The listing in a row; `None` if it is held back."""
    try:
        name = text_in(row, "gpu_name")
        count = gpu_count_in(row, "num_gpus")
        usd_per_hour = usd_in(row, "dph_total")
        _check_terms(row)
        memory = size_in(row, "gpu_ram")
        memory_gib = None if memory is None else memory / MIB_PER_GIB
        gpu = gpu_named(name, memory_gib=memory_gib, form_factor="sxm" if name in _SAYS_NVL else None)
        if gpu is None:
            said = name if memory_gib is None else f"{name} with {memory_gib:.0f} GB"
            prices.unknown_gpu(said, name=f"{count}x {name}", price=usd_per_hour)
            return None
        return _Listing(
            level=(_level_name(name, gpu, count), gpu, count, _continent(row)),
            machine=shown_cell(row.get("machine_id", f"of bundle {_id(row)}")),
            usd_per_hour=usd_per_hour,
            vcpus=size_in(row, "cpu_cores_effective"),
            memory_gib=_memory_gib(row),
            reliability=_reliability(row),
        )
    except DoubtError as doubt:
        prices.hold_back(_shown_name(row), doubt, price=row.get("dph_total"))
        return None


def _check_terms(row: Mapping[str, Any]) -> None:
    # absent where only verified hosts were asked for
    verification = row.get("verification")
    if verification not in (None, "verified"):
        raise DoubtError(f"the host is {shown_cell(verification)}")
    if row.get("rentable") is False or row.get("rented") is True:
        raise DoubtError("not to be rented")
    if row.get("is_bid") is True:
        raise DoubtError("interruptible: its price is a bid")
    if row.get("dph_base") is not None:
        usd_in(row, "dph_base")  # a total above 0 may be that of the disk alone


def _level_name(name: str, gpu: str, count: int) -> str:
    """`4x_RTX_5090`; with the memory where the name stands for GPUs of several sizes: `2x_A100_SXM4_80GB`."""
    gpus = load_gpus()
    sizes = {gpus[one].memory_gib for one in resolve_gpu(name)}
    size = f"_{gpus[gpu].memory_gib:g}GB" if len(sizes) > 1 else ""
    return f"{count}x_{'_'.join(name.split())}{size}"


def _continent(row: Mapping[str, Any]) -> str:
    """The continent of a place such as `Montana, US` or `, FI`, whose end is the code of a country."""
    place = row.get("geolocation")
    return continent_of(place.rpartition(",")[2].strip()) if isinstance(place, str) else continent_of("")


def _memory_gib(row: Mapping[str, Any]) -> float | None:
    """The listing's part of the machine's memory, by its part of the cores; `None` where one of them is not said."""
    memory, mine, all_cores = (size_in(row, key) for key in ("cpu_ram", "cpu_cores_effective", "cpu_cores"))
    if memory is None or mine is None or all_cores is None:
        return None
    return memory * min(1.0, mine / all_cores) * _BYTES_PER_MB / _BYTES_PER_GIB


def _reliability(row: Mapping[str, Any]) -> float | None:
    value = row.get("reliability2")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise DoubtError(f"reliability2 {shown_cell(value)!r} is not a share")
    return float(value)


def _shown_name(row: Mapping[str, Any]) -> str:
    return f"{shown_cell(row.get('num_gpus'))}x {shown_cell(row.get('gpu_name'))}"


def _levels(listings: Iterable[_Listing]) -> dict[tuple[str, str, int, str], list[_Listing]]:
    """The listings of each level; a machine that could be cut into several of one size counts once, at its lowest price."""
    levels: dict[tuple[str, str, int, str], dict[str, _Listing]] = defaultdict(dict)
    for listing in listings:
        known = levels[listing.level].setdefault(listing.machine, listing)
        if listing.usd_per_hour < known.usd_per_hour:
            levels[listing.level][listing.machine] = listing
    return {level: list(machines.values()) for level, machines in levels.items()}


def _add_level(level: tuple[str, str, int, str], members: Sequence[_Listing], prices: PriceList) -> None:
    instance_type, gpu, count, continent = level
    asked = [member.usd_per_hour for member in members]
    prices.add(
        instance_type,
        region=continent,
        gpu=gpu,
        gpu_count=float(count),
        vcpus=_median(member.vcpus for member in members),
        memory_gib=_median(member.memory_gib for member in members),
        usd_per_hour=statistics.median(asked),
        usd_per_hour_cheapest=min(asked),
        offers_count=len(members),
        reliability=_median(member.reliability for member in members),
    )


def _median(figures: Iterable[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return statistics.median(known) if known else None
