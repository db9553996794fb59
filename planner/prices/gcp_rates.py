"""Tells Google's list prices from other rates that catalogues give as on-demand prices.

Catalogues take in rates of the Dynamic Workload Scheduler, of Calendar Mode and of commitments, region by region. No
table of such rates stays true, so each on-demand price is held against what a list price cannot be:

* below the spot price of the same GPUs there;
* below half of what the same GPUs cost elsewhere: list prices of one machine differ by up to 1.6 times between regions;
* one constant in regions whose hosts differ in price, well below other regions or without any other: Google scales the
  GPUs of its own machines with the region, if more coarsely than their hosts (2.934 and 3.102 for an A100 of 40 GB, each
  in regions whose hosts differ by 10 to 14 %); GPUs that are attached to N1 hosts do have one price almost everywhere;
* the price of a commitment in the book, or the share of on demand that one has in another region there;
* far below the on-demand price in the book: Google cut no list price of a GPU machine by more than a few per cent
  from 2022 to 2026, and the other rates are 0.34 to 0.7 of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from planner.model.records import Offer, Purchase

LOWEST_OF_HIGHEST_REGION = 0.5
LOWEST_OF_BOOK = 0.75
SAME_RATE_FRACTION = 1e-4
OTHER_HOST_FRACTION = 0.01
LOWEST_CONSTANT = 0.75  # of the dearest region; list prices that are equal where hosts differ: 0.85 and more
SOLE_CONSTANT_REGIONS = 3
SOLE_CONSTANT_HOST_FRACTION = 0.2
SAME_COMMITMENT_FRACTION = 0.005
SAME_SHARE_FRACTION = 0.01  # as the local SSD is in some prices and not in others

COMMITMENTS = (Purchase.RESERVED_1Y, Purchase.RESERVED_3Y)
NOT_A_LIST_PRICE = "not Google's on-demand price but a rate of its workload scheduler or of a commitment"


class Rate(NamedTuple):
    """What a catalogue says of one machine in one place, in USD an hour; `gpus_usd` is the part of its GPUs if told apart."""

    instance_type: str
    gpu_name: str
    gpu_count: float
    region: str
    zone: str | None
    purchase: Purchase
    usd_per_hour: float
    gpus_usd: float | None

    @property
    def usd_per_gpu(self) -> float:
        """USD an hour of one GPU, without the host where that is told apart."""
        return (self.usd_per_hour if self.gpus_usd is None else self.gpus_usd) / self.gpu_count

    @property
    def kind(self) -> tuple[str, str]:
        """Rates of one kind cost about the same everywhere: those of a GPU, or of a whole machine with its host."""
        return ("", self.instance_type) if self.gpus_usd is None else (self.gpu_name, "")


class ListPrices:
    """Everything that a catalogue and the book say of Google's prices."""

    def __init__(self, rates: Iterable[Rate], book: Iterable[Offer]) -> None:
        self._spot: dict[tuple[str, str, str | None], float] = {}
        self._regions: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        self._own_machines: dict[tuple[str, str], list[tuple[str, float, float]]] = defaultdict(list)
        for rate in rates:
            if rate.purchase is Purchase.SPOT:
                self._spot[rate.instance_type, rate.region, rate.zone] = rate.usd_per_gpu
                continue
            found = self._regions[rate.kind]
            found[rate.region] = max(rate.usd_per_gpu, found.get(rate.region, 0.0))
            if rate.gpus_usd is not None and "+" not in rate.instance_type:
                host = rate.usd_per_hour - rate.gpus_usd
                self._own_machines[rate.instance_type, rate.gpu_name].append((rate.region, rate.usd_per_gpu, host))
        self._book: dict[tuple[str, Purchase], dict[str, float]] = defaultdict(dict)
        for offer in book:
            self._book[offer.instance_type, offer.purchase][offer.region] = offer.usd_per_hour

    def problem(self, rate: Rate) -> str | None:
        """The reason why an on-demand price is none of Google's list, with figures; `None` if nothing speaks against it."""
        if rate.purchase is not Purchase.ON_DEMAND:
            return None
        said = self._against_catalogue(rate) or self._against_book(rate)
        return None if said is None else f"{NOT_A_LIST_PRICE}: {said}. Google's own list: planner refresh gcp"

    def _against_catalogue(self, rate: Rate) -> str | None:
        per_gpu = rate.usd_per_gpu
        spot = self._spot.get((rate.instance_type, rate.region, rate.zone))
        if spot is not None and per_gpu < spot * (1 - SAME_RATE_FRACTION):
            return f"{per_gpu:.6g} USD per GPU-hour is below the spot price of the same GPUs, {spot:.6g}"
        highest = max(self._regions[rate.kind].items(), key=lambda entry: entry[1])
        if per_gpu < LOWEST_OF_HIGHEST_REGION * highest[1]:
            return f"{per_gpu:.6g} USD per GPU-hour is {per_gpu / highest[1]:.2f} of that in {highest[0]}, {highest[1]:.6g}"
        if self._is_constant(rate, highest[1]):
            return f"{per_gpu:.6g} USD per GPU-hour is one constant in regions whose hosts differ in price"
        return None

    def _is_constant(self, rate: Rate, highest: float) -> bool:
        hosts = {
            region: host
            for region, usd, host in self._own_machines[rate.instance_type, rate.gpu_name]
            if abs(usd / rate.usd_per_gpu - 1) <= SAME_RATE_FRACTION
        }
        if rate.gpus_usd is None or not hosts:
            return False
        spread = max(hosts.values()) / min(hosts.values()) - 1
        if rate.usd_per_gpu < LOWEST_CONSTANT * highest:
            return spread > OTHER_HOST_FRACTION
        is_sole = len(hosts) == len(self._regions[rate.kind]) >= SOLE_CONSTANT_REGIONS
        return is_sole and spread > SOLE_CONSTANT_HOST_FRACTION

    def _against_book(self, rate: Rate) -> str | None:
        for purchase in COMMITMENTS:
            committed = self._book[rate.instance_type, purchase].get(rate.region)
            if committed is not None and abs(rate.usd_per_hour / committed - 1) <= SAME_COMMITMENT_FRACTION:
                return f"{rate.usd_per_hour:g} is the {purchase} price in the book, {committed:g}"
        listed = self._book[rate.instance_type, Purchase.ON_DEMAND]
        if not listed:
            return None
        region = rate.region if rate.region in listed else min(listed, key=lambda name: listed[name])
        ratio = rate.usd_per_hour / listed[region]
        said = (
            f"{rate.usd_per_hour:g} is {ratio:.2f} of the on-demand price in the book, {listed[region]:g} in {region}"
        )
        if ratio < LOWEST_OF_BOOK:
            return said
        return f"{said}, as {alike}" if region == rate.region and (alike := self._commitment_at(rate, ratio)) else None

    def _commitment_at(self, rate: Rate, share: float) -> str | None:
        """The commitment that costs this share of on demand in a region of the book, in words."""
        listed = self._book[rate.instance_type, Purchase.ON_DEMAND]
        for purchase in COMMITMENTS:
            for region, committed in self._book[rate.instance_type, purchase].items():
                if region in listed and abs(share / (committed / listed[region]) - 1) <= SAME_SHARE_FRACTION:
                    return f"{purchase} is in {region}"
        return None
