"""Turns rows of other projects' price catalogues into offers, or holds them back with a reason."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from planner.errors import ProviderError
from planner.hardware.gpus import load_gpus
from planner.model.frozen import dataclass
from planner.model.records import HeldBack, Offer, Purchase
from planner.outside.files import opened
from planner.prices.books import previous_book, shipped_offers
from planner.prices.changes import place_key
from planner.prices.checks import is_same_count, price_problem
from planner.prices.gcp_rates import ListPrices, Rate
from planner.prices.places import Spellings, region_names
from planner.prices.set_aside import set_aside_problem
from planner.prices.snapshots import MOST_BYTES
from planner.prices.variants import Said, meant_gpus, named_gpus, which_advice
from planner.units import MIB_PER_GIB

SOURCES = ("SkyPilot catalogue", "gpuhunt catalogue")
NAMELESS_GPU = "GPU without a name"
NO_GPUS = ("", "0", "0.0")  # counts of machines without
SLICE_FRACTION = 0.5  # less memory than this share of a GPU's is a slice of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a catalogue; texts are as written there, empty where it says nothing.

    `gpus_usd` is the part of the price that the GPUs cost, where a catalogue tells it apart; `doubt` is a reason known
    before the row is looked at; `gpu_texts` are other words of the row about its GPU.
    """

    instance_type: str
    region: str
    zone: str | None
    gpu_name: str
    gpu_count: str
    gpu_memory_mib: float | None
    gpu_texts: tuple[str, ...] = ()
    vcpus: str
    memory_gib: str
    purchase: Purchase
    usd_per_hour: str
    gpus_usd: float | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under what terms catalogues are read: the books that tell instance types apart, the day, what a person says of GPUs."""

    data_dir: Path
    observed_at: datetime
    said: Said


class CatalogueReader:
    """Turns lines of one provider into offers, and counts what it cannot.

    What the newest book knows of an instance type counts, whatever the day of the catalogue.
    """

    def __init__(self, provider: str, terms: Terms, source: str) -> None:
        """Read for a provider; `source` is one of `SOURCES` and the name of the file."""
        self.provider = provider
        self.day = terms.observed_at.date()
        self.source = source
        self.said = terms.said
        self.held_back: list[HeldBack] = []
        self.unknown_gpus: Counter[str] = Counter()
        self._offers: list[Offer] = []
        before = previous_book(terms.data_dir, provider, "9999", [])
        self._book = before[1] if before else ()
        self._types = _known_types(self._book)
        self._zoned = {_cell(offer) for offer in self._book if offer.zone}
        self._regions = Spellings((offer.region for offer in self._book), region_names(provider))
        self._zones = Spellings(offer.zone for offer in self._book if offer.zone)

    def add_all(self, lines: Iterable[Line]) -> None:
        """Take lines: each as an offer, as an unknown GPU, or as a row held back."""
        rows = [self._spelled(line) for line in lines]
        doubts: Mapping[int, str] = {}
        if self.provider == "gcp":
            rates = {index: rate for index, line in enumerate(rows) if (rate := _rate(line)) is not None}
            listed = ListPrices(rates.values(), _vouched_for(self._book, shipped_offers(self.provider)))
            doubts = {index: doubt for index, rate in rates.items() if (doubt := listed.problem(rate))}
        for index, line in enumerate(rows):
            self._add(line, line.doubt or doubts.get(index))

    def offers(self) -> list[Offer]:
        """All offers; a price that all listed zones of a region share becomes one offer of the region.

        Not where the book tells zones apart: what it knows of a zone that is not listed must not be covered up.
        """
        groups: dict[_Cell, list[Offer]] = defaultdict(list)
        for offer in self._offers:
            groups[_cell(offer)].append(offer)
        found: list[Offer] = []
        for cell, group in groups.items():
            is_one_price = len({(offer.gpu, offer.gpu_count, offer.usd_per_hour) for offer in group}) == 1
            found += [replace(group[0], zone=None)] if is_one_price and cell not in self._zoned else group
        return found

    def notes(self) -> tuple[str, ...]:
        """What can be done about unknown GPUs."""
        if not self.unknown_gpus:
            return ()
        return (
            "where you know what an unknown GPU is: --gpu-variant NAME=GPU takes its rows (planner gpus lists GPUs)",
        )

    def _spelled(self, line: Line) -> Line:
        """The line with names as the book spells them."""
        known = self._types.get(line.instance_type.casefold())
        region, zone = self._regions.of(line.region), (line.zone or "").strip()
        if len(zone) == 1:
            zone = f"{region}-{zone}"  # "a" of a region, "1" of another
        return replace(
            line,
            instance_type=known.name if known else line.instance_type.strip(),
            region=region,
            zone=self._zones.of(zone) if zone and Spellings([region]).of(zone) != region else None,
        )

    def _add(self, line: Line, doubt: str | None) -> None:
        self.said.meet(line.instance_type, line.gpu_name)
        known = self._types.get(line.instance_type.casefold())
        count = _number(line.gpu_count)
        gpus = self._gpus(line, known, count)
        if not gpus:
            self.unknown_gpus[line.gpu_name] += 1
            return
        problem = (
            _gpu_problem(line, gpus, known) or self._place_problem(line) or doubt or price_problem(line.usd_per_hour)
        )
        if count is None:
            problem = f"GPU count {line.gpu_count!r} is not a positive number"
        if problem is not None or count is None:
            self._hold_back(line, problem or "no GPU count")
            return
        offer = self._offer(line, known, gpus[0], count)
        problem = set_aside_problem(offer, self.day)
        if problem is None:
            self._offers.append(offer)
        else:
            self._hold_back(line, problem)

    def _gpus(self, line: Line, known: _KnownType | None, count: float | None) -> tuple[str, ...]:
        if known is not None and len(known.gpus) == 1:
            return known.gpus
        meant = meant_gpus(
            line.gpu_name,
            instance_type=line.instance_type,
            texts=line.gpu_texts,
            memory_mib=line.gpu_memory_mib,
            count=count,
            said=self.said,
        )
        if known is None:
            return meant
        # on a market one name may stand for machines with different GPUs
        return tuple(gpu for gpu in meant if gpu in known.gpus) or known.gpus

    def _place_problem(self, line: Line) -> str | None:
        """The reason why a price of an AWS region or zone cannot be put beside those of the book."""
        if self.provider == "aws" and " " in line.region:
            return f"no region is known to be called {line.region!r}: give its code, such as us-east-1"
        is_lettered = self.provider == "aws" and re.fullmatch(r"[a-z-]+-\d+[a-z]", line.zone or "") is not None
        if not is_lettered or (line.instance_type, line.region, line.purchase) not in self._zoned:
            return None
        return (
            f"zone {line.zone!r} is another one in each account: the book tells zones by their ids (use1-az1). "
            "Describe spot prices by AvailabilityZoneId"
        )

    def _offer(self, line: Line, known: _KnownType | None, gpu: str, count: float) -> Offer:
        counts = known.counts if known else ()
        return Offer(
            provider=self.provider,
            instance_type=line.instance_type,
            region=line.region,
            zone=line.zone,
            gpu=gpu,
            gpu_count=next((one for one in counts if is_same_count(one, count)), _plain_fraction(count)),
            vcpus=known.vcpus if known and known.vcpus else _number(line.vcpus),
            memory_gib=known.memory_gib if known and known.memory_gib else _number(line.memory_gib),
            network_gbps=known.network_gbps if known else None,
            purchase=line.purchase,
            usd_per_hour=float(line.usd_per_hour),
            observed_on=self.day,
            source=self.source,
        )

    def _hold_back(self, line: Line, reason: str) -> None:
        self.held_back.append(
            HeldBack(
                instance_type=line.instance_type,
                region=line.region,
                zone=line.zone,
                gpu=line.gpu_name,
                gpu_count=line.gpu_count,
                purchase=str(line.purchase),
                usd_per_hour=line.usd_per_hour,
                source=self.source,
                reason=reason,
            )
        )


_Cell = tuple[str, str, Purchase]


class _KnownType(NamedTuple):
    """What a book says of an instance type, in the book's spelling."""

    name: str
    gpus: tuple[str, ...]
    counts: tuple[float, ...]
    vcpus: float | None
    memory_gib: float | None
    network_gbps: float | None


def table_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table; of a short row the cells that lack are not there, and of a long one those of no column.

    Raises:
        ProviderError: it is no table in UTF-8.
    """
    try:
        with TextIOWrapper(opened(path, MOST_BYTES), encoding="utf-8-sig", newline="") as file:
            return [{key: value for key, value in row.items() if key and value} for row in csv.DictReader(file)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProviderError(f"{path.name} is not a table in UTF-8 ({error}). Save it as CSV in UTF-8.") from error


def _known_types(book: Iterable[Offer]) -> dict[str, _KnownType]:
    rows: dict[str, list[Offer]] = defaultdict(list)
    for offer in book:
        rows[offer.instance_type.casefold()].append(offer)
    return {
        name: _KnownType(
            name=same[-1].instance_type,
            gpus=tuple(sorted({offer.gpu for offer in same})),
            counts=tuple(sorted({offer.gpu_count for offer in same})),
            vcpus=next((offer.vcpus for offer in same if offer.vcpus), None),
            memory_gib=next((offer.memory_gib for offer in same if offer.memory_gib), None),
            network_gbps=next((offer.network_gbps for offer in same if offer.network_gbps), None),
        )
        for name, same in rows.items()
    }


def _vouched_for(book: Iterable[Offer], shipped: Iterable[Offer]) -> Iterable[Offer]:
    """The offers of a book, those that came from a catalogue themselves as the shipped book has them."""
    own = {place_key(offer): offer for offer in book if not offer.source.startswith(SOURCES)}
    return ({place_key(offer): offer for offer in shipped} | own).values()


def _gpu_problem(line: Line, gpus: tuple[str, ...], known: _KnownType | None) -> str | None:
    """The reason why the GPU of a line is not believed, or not clear."""
    named = named_gpus(line.gpu_name)
    if known is not None and named and not {*known.gpus} & {*named}:
        return f"{line.gpu_name!r} is {' or '.join(named)}, but {known.name} is known to have {' or '.join(known.gpus)}"
    if len(gpus) > 1:
        which = which_advice(line.gpu_name, gpus)
        return f"{line.gpu_name!r} stands for several GPUs: {', '.join(gpus)}. Nothing in the row tells them apart; {which}"
    if known is not None:
        return None
    gib = (line.gpu_memory_mib or math.inf) / MIB_PER_GIB
    count, whole = _number(line.gpu_count), load_gpus()[gpus[0]].memory_gib
    if 1 <= gib < SLICE_FRACTION * whole and count is not None and count >= 1:
        return f"{gib:g} GB of GPU memory where a {gpus[0]} has {whole:g}: a slice of a GPU, counted as {count:g}"
    return None


def _rate(line: Line) -> Rate | None:
    count = _number(line.gpu_count)
    if count is None or price_problem(line.usd_per_hour) is not None or line.doubt is not None:
        return None
    return Rate(
        instance_type=line.instance_type,
        gpu_name=line.gpu_name,
        gpu_count=count,
        region=line.region,
        zone=line.zone,
        purchase=line.purchase,
        usd_per_hour=float(line.usd_per_hour),
        gpus_usd=line.gpus_usd,
    )


def _cell(offer: Offer) -> _Cell:
    return (offer.instance_type, offer.region, offer.purchase)


def _plain_fraction(count: float) -> float:
    """The count, less the rounding of a fraction: 0.333 is a third, as six digits write it."""
    near = round(count * 24) / 24
    return round(near, 6) if 0 < count < 1 and near and is_same_count(near, count) else count


def _number(text: str) -> float | None:
    """The positive number a text says, if it says one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < math.inf else None
