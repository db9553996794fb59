"""Turns rows of other projects' price catalogues into offers, or holds them back with a reason."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from planner.errors import UnknownNameError
from planner.hardware.gpus import load_gpus, resolve_gpu
from planner.model.frozen import dataclass
from planner.model.records import HeldBack, Offer, Purchase
from planner.prices.books import previous_book
from planner.prices.checks import price_problem
from planner.units import MIB_PER_GIB

# sources round GPU memory to powers of ten and of two: 80 GB is written as 81920, 81559 or 80000 MiB
MEMORY_TOLERANCE_FRACTION = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a catalogue; texts are as written there, empty where it says nothing."""

    instance_type: str
    region: str
    zone: str | None
    gpu_name: str
    gpu_count: str
    gpu_memory_mib: float | None
    vcpus: str
    memory_gib: str
    purchase: Purchase
    usd_per_hour: str


class CatalogueReader:
    """Turns lines of one provider into offers, and counts what it cannot."""

    def __init__(self, provider: str, data_dir: Path, observed_at: datetime, source: str) -> None:
        self.provider = provider
        self.observed_on = observed_at.date()
        self.source = source
        self.held_back: list[HeldBack] = []
        self.unknown_gpus: Counter[str] = Counter()
        self._offers: list[Offer] = []
        before = previous_book(data_dir, provider, "9999", [])
        self._types = {offer.instance_type: offer.gpu for offer in (before[1] if before else ())}

    def add(self, line: Line) -> None:
        """Take one line: as an offer, as an unknown GPU, or as a row held back."""
        gpus = self._gpus(line)
        if not gpus:
            self.unknown_gpus[line.gpu_name] += 1
            return
        problem = price_problem(line.usd_per_hour)
        if len(gpus) > 1:
            problem = f"{line.gpu_name!r} stands for several GPUs: {', '.join(gpus)}"
        count = _number(line.gpu_count)
        if count is None:
            problem = f"GPU count {line.gpu_count!r} is not a positive number"
        if problem is not None or count is None:
            self.hold_back(line, problem or "no GPU count")
            return
        self._offers.append(
            Offer(
                provider=self.provider,
                instance_type=line.instance_type,
                region=line.region,
                zone=line.zone,
                gpu=gpus[0],
                gpu_count=count,
                vcpus=_number(line.vcpus),
                memory_gib=_number(line.memory_gib),
                purchase=line.purchase,
                usd_per_hour=float(line.usd_per_hour),
                observed_on=self.observed_on,
                source=self.source,
            )
        )

    def hold_back(self, line: Line, reason: str) -> None:
        """Keep a line out, with the reason."""
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

    def offers(self) -> list[Offer]:
        """All offers; a price that all listed zones of a region share becomes one offer of the region."""
        return list(_merged_zones(self._offers))

    def _gpus(self, line: Line) -> tuple[str, ...]:
        known = self._types.get(line.instance_type)
        if known is not None:
            return (known,)
        try:
            gpus = resolve_gpu(line.gpu_name)
        except UnknownNameError:
            return ()
        if line.gpu_memory_mib is None or len(gpus) == 1:
            return gpus
        fitting = tuple(gpu for gpu in gpus if _fits(gpu, line.gpu_memory_mib))
        return fitting or gpus


def _merged_zones(offers: Iterable[Offer]) -> Iterable[Offer]:
    groups: dict[tuple[str, str, Purchase], list[Offer]] = defaultdict(list)
    for offer in offers:
        groups[offer.instance_type, offer.region, offer.purchase].append(offer)
    for group in groups.values():
        if len({offer.usd_per_hour for offer in group}) == 1:
            yield replace(group[0], zone=None)
        else:
            yield from group


def _fits(gpu: str, memory_mib: float) -> bool:
    expected = load_gpus()[gpu].memory_gib * MIB_PER_GIB
    return abs(memory_mib / expected - 1) <= MEMORY_TOLERANCE_FRACTION


def _number(text: str) -> float | None:
    """The positive number a text says, if it says one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < math.inf else None
